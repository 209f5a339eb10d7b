//! The account that this process runs as. `USER` is only a variable: it is not asked.

/// An account of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub uid: u32,
    /// Its name, where the system's file has one.
    pub name: Option<String>,
}

impl Account {
    /// The effective account of this process.
    #[must_use]
    pub fn current() -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Self { uid, name: name_of(uid, &std::fs::read_to_string("/etc/passwd").unwrap_or_default()) }
    }
}

fn name_of(uid: u32, accounts: &str) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_up_in_its_own_column() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\nmaya:x:1000:0::/home/maya:/bin/sh\n";
        assert_eq!(name_of(1000, accounts).as_deref(), Some("maya"));
        assert_eq!(name_of(0, accounts).as_deref(), Some("root"));
        assert_eq!(name_of(7, accounts), None);
    }
}
