//! The part of HTTP/1.1 that the Explorer's pages need: one request a connection, without a body. Everything is
//! bounded: the size of a request, the time that it may take to arrive, the time that an answer may take to be read.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The longest request line and headers together.
const LONGEST_HEAD: usize = 16 * 1024;
/// The most headers.
const MOST_HEADERS: usize = 64;
/// How long a request may take to arrive.
const TO_ASK: Duration = Duration::from_secs(5);
/// How long an answer may take to be read.
const TO_ANSWER: Duration = Duration::from_secs(20);
/// The most bytes after a request that are read and dropped, so that the answer reaches the client.
const LONGEST_REST: usize = 64 * 1024;

/// The head of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// The path without a query.
    pub(super) path: String,
    pub(super) host: Option<String>,
    pub(super) origin: Option<String>,
    /// `Sec-Fetch-Site`: how the page that makes the request relates to this server, as its browser says.
    pub(super) site: Option<String>,
}

/// The policy of our page: nothing from elsewhere, and nothing inline.
const OWN: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The policy of stateright's page, which evaluates its bindings.
const STATERIGHT: &str = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; \
                          style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
/// The policy of a picture, which has inline styles and loads nothing.
const PICTURE: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) policy: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn of(kind: &'static str, body: impl Into<Vec<u8>>) -> Answer {
        let policy = if kind == "image/svg+xml" { PICTURE } else { OWN };
        Answer { status: 200, kind, policy, body: body.into() }
    }

    /// A part of stateright's page.
    pub(super) fn of_stateright(kind: &'static str, body: impl Into<Vec<u8>>) -> Answer {
        Answer { policy: STATERIGHT, ..Answer::of(kind, body) }
    }

    /// A refusal, with its reason.
    pub(super) fn refused(status: u16, why: &str) -> Answer {
        Answer { status, ..Answer::of(TEXT, format!("{why}\n")) }
    }

    fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            413 => "Content Too Large",
            421 => "Misdirected Request",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Refused",
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n\
             Content-Security-Policy: {}\r\n\r\n",
            self.status,
            self.reason(),
            self.kind,
            self.body.len(),
            self.policy
        );
        [head.as_bytes(), &self.body].concat()
    }
}

/// Reads the one request of a connection. `Err` is the answer to a malformed one; `None` if the client is gone.
pub(super) fn read(stream: &mut TcpStream) -> Option<Result<Request, Answer>> {
    let until = Instant::now() + TO_ASK;
    let mut head = Vec::new();
    let mut piece = [0; 2048];
    loop {
        match parse(&head) {
            Ok(None) if head.len() > LONGEST_HEAD => {
                return Some(Err(Answer::refused(431, "this request is longer than any that the page makes")));
            }
            Ok(None) => {}
            Ok(Some(request)) => return Some(Ok(request)),
            Err(answer) => return Some(Err(answer)),
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Some(Err(Answer::refused(408, "this request took too long to come")));
        }
        match stream.read(&mut piece) {
            Ok(0) => return None,
            Ok(read) => head.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return None,
        }
    }
}

/// The request at the beginning of `head`; `None` if it is incomplete.
fn parse(head: &[u8]) -> Result<Option<Request>, Answer> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(&head[..head.len().min(LONGEST_HEAD)]) {
        Ok(httparse::Status::Partial) => return Ok(None),
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Answer::refused(431, "too many headers")),
        Err(error) => return Err(Answer::refused(400, &format!("this is no HTTP request: {error}"))),
    }
    let target = parsed.path.unwrap_or_default();
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    let mut request = Request { method: parsed.method.unwrap_or_default().into(), path, ..Request::default() };
    for header in parsed.headers.iter() {
        let value = String::from_utf8_lossy(header.value).trim().to_owned();
        let once = match header.name.to_ascii_lowercase().as_str() {
            "host" => &mut request.host,
            "origin" => &mut request.origin,
            "sec-fetch-site" => &mut request.site,
            "transfer-encoding" => return Err(Answer::refused(413, "no request here has a body")),
            "content-length" if value != "0" => return Err(Answer::refused(413, "no request here has a body")),
            _ => continue,
        };
        if once.replace(value).is_some() {
            return Err(Answer::refused(400, &format!("`{}` is given twice", header.name)));
        }
    }
    Ok(Some(request))
}

/// Answers, and closes the connection. A client that does not read loses its answer; no other client waits.
pub(super) fn answer(stream: &mut TcpStream, answer: &Answer) {
    let until = Instant::now() + TO_ANSWER;
    let bytes = answer.bytes();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_write_timeout(Some(left)).is_err() {
            return;
        }
        match stream.write(rest) {
            Ok(0) => return,
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
    // A connection that is closed with unread input is reset, and its answer is lost.
    let _ = stream.shutdown(Shutdown::Write);
    let until = Instant::now() + Duration::from_secs(1);
    let (mut dropped, mut piece) = (0, [0; 2048]);
    while dropped < LONGEST_REST {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => dropped += read,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &[u8]) -> u16 {
        parse(head).expect_err("refused").status
    }

    #[test]
    fn a_request_is_read_once_all_of_it_is_there() {
        let head = b"GET /.states/0/1?offset=2 HTTP/1.1\r\nHost: localhost:3000\r\nOrigin: null\r\n\r\nGET / HTTP/1.1";
        for end in 0..head.len() - 14 {
            assert_eq!(parse(&head[..end]), Ok(None), "{end}");
        }
        let request = parse(head).expect("right").expect("complete");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/.states/0/1"));
        assert_eq!((request.host.as_deref(), request.origin.as_deref()), (Some("localhost:3000"), Some("null")));
    }

    #[test]
    fn what_is_no_request_of_ours_is_refused() {
        assert_eq!(status(b"\x16\x03\x01\x02\x00"), 400);
        assert_eq!(status(b"GET  HTTP/9\r\n\r\n"), 400);
        assert_eq!(status(b"POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n"), 413);
        assert_eq!(status(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 413);
        assert_eq!(status(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(status(many.as_bytes()), 431);
        assert_eq!(parse(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").map(|request| request.is_some()), Ok(true));
    }
}
