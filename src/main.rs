//! Parse the command line, run, map an error to an exit code.

fn main() -> std::process::ExitCode {
    holdpoint::cli::main(std::env::args_os())
}
