//! A load generator that one CPU suffices for, whatever the server.
//!
//!     options ─▶ template: a batch of requests per connection, rendered once
//!        run: epoll ─▶ recv ─▶ reply: count, check ─▶ histogram ─▶ patch keys ─▶ send
//!                                                                          └─▶ report: one JSON object

mod connection;
mod histogram;
mod listeners;
mod options;
mod reply;
mod report;
mod run;
mod server_cpu;
mod template;

use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("loadgen: {problem}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run::run(&options) {
        Ok(outcome) => {
            let failure = report::failure(&options, &outcome);
            println!("{}", report::json(&options, &outcome, failure.as_deref()));
            if failure.is_some() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            }
        }
        Err(problem) => {
            println!("{{\"failed\":{}}}", report::quote(&problem));
            ExitCode::FAILURE
        }
    }
}
