//! Sends requests over HTTP at a steady rate on one connection, in turn, and costs next to nothing itself: where client and server share
//! processors, what a client of another make takes from them is not the server's doing.
//!
//! ```text
//!   http-poll PORT RATE    stdin: a request a line, `GET /ready` or `POST /v1/command {"command":["PING"]}`, an empty line, then nothing
//!                          until it is closed, which ends the run
//!                          stdout: {"requests":300,"cpu_ms":7.1}
//! ```
//!
//! A response that is not 200, or has no Content-Length, ends it with exit code 1.

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A server that says nothing for so long is taken for gone.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u32>());
    let (Some(Ok(port)), Some(Ok(rate @ 1..))) = (numbers.next(), numbers.next()) else {
        eprintln!("usage: http-poll PORT RATE < requests");
        return ExitCode::from(2);
    };
    match run(port, rate) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("http-poll: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(port: u32, rate: u32) -> Result<String, String> {
    let mut lines = std::io::stdin().lock().lines();
    let mut requests = Vec::new();
    for line in lines.by_ref() {
        let line = line.map_err(|error| error.to_string())?;
        if line.is_empty() {
            break;
        }
        requests.push(request(&line, port));
    }
    if requests.is_empty() {
        return Err("no requests on stdin".into());
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    // Lines are locked above; a reader of its own waits for the end.
    drop(lines);
    std::thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        told.store(true, Relaxed);
    });
    let address = format!("127.0.0.1:{port}");
    let mut socket = TcpStream::connect(&address).map_err(|error| format!("{address}: {error}"))?;
    let gone = |error: std::io::Error| format!("{address}: {error}");
    socket.set_nodelay(true).map_err(gone)?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(gone)?;
    let mut buffer = vec![0; 1 << 20];
    let started = Instant::now();
    let mut count: u32 = 0;
    while !is_over.load(Relaxed) {
        let due = started + Duration::from_secs_f64(f64::from(count) / f64::from(rate));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let request = &requests[count as usize % requests.len()];
        socket.write_all(request.as_bytes()).map_err(gone)?;
        receive(&mut socket, &mut buffer)
            .map_err(|problem| format!("{}: {problem}", request.lines().next().unwrap_or("")))?;
        count += 1;
    }
    Ok(format!("{{\"requests\":{count},\"cpu_ms\":{:.3}}}", cpu_ms()))
}

fn request(line: &str, port: u32) -> String {
    let mut words = line.splitn(3, ' ');
    let (method, path) = (words.next().unwrap_or("GET"), words.next().unwrap_or("/"));
    let head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    match words.next() {
        None => format!("{head}\r\n"),
        Some(body) => format!(
            "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    }
}

/// Reads one response, and nothing behind it: none is sent before it is asked for.
fn receive(socket: &mut TcpStream, buffer: &mut [u8]) -> Result<(), String> {
    let mut have = 0;
    let mut whole = None;
    while whole.is_none_or(|bytes| have < bytes) {
        if have == buffer.len() {
            return Err(format!("more than {have} bytes"));
        }
        match socket.read(&mut buffer[have..]) {
            Ok(0) => return Err("the connection was closed".into()),
            Ok(bytes) => have += bytes,
            Err(error) => return Err(error.to_string()),
        }
        if whole.is_some() {
            continue;
        }
        let Some(end) = buffer[..have].windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(String::from_utf8_lossy(&buffer[..have]).into_owned());
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length
            .and_then(|text| text.trim().parse().ok())
            .ok_or("no Content-Length")?;
        whole = Some(end + 4 + length);
    }
    Ok(())
}

/// Processor time of this process so far, as the scheduler counts it.
fn cpu_ms() -> f64 {
    let mut total = 0.0;
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        total += text
            .split(' ')
            .next()
            .and_then(|ns| ns.parse::<f64>().ok())
            .unwrap_or(0.0);
    }
    total / 1e6
}
