//! The `isolet` binary.

fn main() -> std::process::ExitCode {
    isolet_server::command::main()
}
