//! Where things are for this account: the data directory, the hub, the credentials, the name.

use std::path::PathBuf;

use super::args::Args;
use crate::domain::{Error, Kind, Result, Role, Untrusted};
use crate::gate::Account;
use crate::link::{Credential, Target, files};

/// This account's places.
#[derive(Clone, Debug)]
pub(super) struct Home {
    /// The data directory: the hub's, and where clients find its credentials.
    pub(super) data: PathBuf,
    hub: Option<String>,
    /// Who the user of the command line is.
    pub(super) name: Untrusted,
    /// Whether that name was given, and not only the account's.
    named: bool,
}

impl Home {
    /// From the command line and the environment.
    pub(super) fn new(args: &Args) -> Result<Self> {
        let data = match &args.data {
            Some(data) => std::path::absolute(data)?,
            None => projects()?.data_dir().to_owned(),
        };
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let called = args.name.clone().filter(|name| !name.is_empty());
        let called = called.or_else(|| variable("USER")).or_else(|| variable("LOGNAME"));
        let name = called.unwrap_or_else(|| {
            let Account { uid, name } = Account::current();
            name.unwrap_or_else(|| format!("uid {uid}"))
        });
        let named = args.name.as_ref().is_some_and(|name| !name.is_empty());
        Ok(Self { data, named, hub: args.hub.clone().filter(|hub| !hub.is_empty()), name: name.into() })
    }

    /// The hub that was named, or the one of this account.
    pub(super) fn target(&self) -> Result<Target> {
        match &self.hub {
            Some(text) => text.parse(),
            None => Ok(Target::Unix(self.data.join(files::SOCKET))),
        }
    }

    /// The same with another hub, where one is named.
    #[cfg(feature = "cockpit")]
    pub(super) fn with_hub(self, url: Option<String>) -> Self {
        Self { hub: url.or(self.hub), ..self }
    }

    /// A person's credential.
    pub(super) fn person(&self) -> Result<Credential> {
        Credential::from_file(&self.data.join(files::APPROVER_TOKEN), Role::Person, self.name.clone())
    }

    /// An agent's credential.
    pub(super) fn agent(&self) -> Result<Credential> {
        Credential::from_file(&self.data.join(files::AGENT_TOKEN), Role::Agent, self.name.clone())
    }

    /// An agent's credential, under the agent's own name unless another was given.
    pub(super) fn bridge(&self, agent: &str) -> Result<Credential> {
        let credential = self.agent()?;
        Ok(if self.named { credential } else { Credential { name: agent.into(), ..credential } })
    }

    /// Whichever credential is here: reading needs no person's.
    pub(super) fn reader(&self) -> Result<Credential> {
        self.person().or_else(|error| self.agent().map_err(|_| error))
    }

    /// The user's configuration directory, where there is one.
    #[cfg(feature = "cockpit")]
    pub(super) fn config() -> Option<PathBuf> {
        projects().ok().map(|projects| projects.config_dir().to_owned())
    }
}

fn projects() -> Result<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "holdpoint").ok_or_else(|| {
        Error::new(Kind::NotFound, "this account has no home directory")
            .hint("name a directory with --data DIR or HOLDPOINT_DATA")
    })
}
