//! The HTTP port's connections: few at a time, and none for long without a byte (D-13).
//!
//! Metrics and health need a handful. One more than [`CONNECTIONS_MAX`] is closed at once; one on which nothing moves, in
//! either direction, for [`IDLE_MAX`] is closed. Tests: below.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Most connections at a time.
const CONNECTIONS_MAX: usize = 64;
/// A connection on which nothing moves is closed after this time.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A listener with limits.
pub(crate) struct Limited {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Limited {
    /// Limits a listener.
    pub(crate) fn new(listener: TcpListener) -> Limited {
        Limited { listener, places: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }
}

impl axum::serve::Listener for Limited {
    type Io = Idling<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // Its way to accept waits after an error such as a lack of descriptors.
            let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                return (Idling::new(stream, Some(place)), peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A stream that fails when nothing moves on it for too long.
pub(crate) struct Idling<S> {
    stream: S,
    idle: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S> Idling<S> {
    fn new(stream: S, place: Option<OwnedSemaphorePermit>) -> Idling<S> {
        Idling { stream, idle: Box::pin(tokio::time::sleep(IDLE_MAX)), _place: place }
    }

    /// Passes on what came of a read or a write, or ends it when it has waited too long.
    fn moved<T>(&mut self, result: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_pending() {
            ready!(self.idle.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.idle.as_mut().reset(tokio::time::Instant::now() + IDLE_MAX);
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Idling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(context, into);
        self.moved(result, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Idling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.moved(result, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.moved(result, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::serve::Listener;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Protects: a peer of the HTTP port that sends nothing, or takes nothing, is let go; one that does is not.
    #[tokio::test(start_paused = true)]
    async fn idle_http_connections_are_closed() {
        let (mut peer, here) = tokio::io::duplex(16);
        let mut here = Idling::new(here, None);
        let mut byte = [0];
        for _ in 0..3 {
            let sent = async {
                tokio::time::sleep(IDLE_MAX / 2).await;
                peer.write_all(&[1]).await
            };
            let (read, sent) = tokio::join!(here.read_exact(&mut byte), sent);
            assert!(read.is_ok() && sent.is_ok());
        }
        assert_eq!(here.read_exact(&mut byte).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (_peer, here) = tokio::io::duplex(16);
        let mut here = Idling::new(here, None);
        assert_eq!(here.write_all(&[0; 100]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    /// Protects: the HTTP port takes no more connections than it needs; a place that is given back is taken again.
    #[tokio::test]
    async fn http_connections_are_capped() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut limited = Limited::new(listener);
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            let _peer = TcpStream::connect(address).await.unwrap();
            held.push(limited.accept().await.0);
        }
        let mut beyond = TcpStream::connect(address).await.unwrap();
        let closed = async { beyond.read(&mut [0]).await.unwrap_or(0) };
        tokio::select! {
            count = closed => assert_eq!(count, 0),
            _ = limited.accept() => unreachable!("there is no place"),
        }
        held.pop();
        let _peer = TcpStream::connect(address).await.unwrap();
        limited.accept().await;
    }
}
