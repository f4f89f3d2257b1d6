//! Sockets as the broker and the client see them: the machine's, or turmoil's in simulation.
//!
//! The simulated variant exists only with the feature `sim`; a release build has one variant.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Which network is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Net {
    /// The machine's.
    Real,
    /// turmoil's, of the host whose task asks.
    #[cfg(feature = "sim")]
    Sim,
}

/// A listening socket.
pub enum Listener {
    /// The machine's.
    Real(tokio::net::TcpListener),
    /// turmoil's.
    #[cfg(feature = "sim")]
    Sim(turmoil::net::TcpListener),
}

/// A descriptor that is kept back. Dropping it makes room for one.
pub struct Spare(#[allow(dead_code)] Option<OwnedFd>);

/// A connection.
pub enum Stream {
    /// The machine's.
    Real(tokio::net::TcpStream),
    /// turmoil's.
    #[cfg(feature = "sim")]
    Sim(turmoil::net::TcpStream),
}

/// A connection on its way from the thread that accepted it to the thread that serves it.
pub enum Detached {
    /// The machine's.
    Real(std::net::TcpStream),
    /// turmoil's.
    #[cfg(feature = "sim")]
    Sim(turmoil::net::TcpStream),
}

/// Listens on `host:port` of this machine; without a host, on every interface: of IPv4 and IPv6, or of IPv4 where there is no IPv6.
///
/// # Errors
/// Those of the system.
pub async fn bind(address: &str) -> io::Result<tokio::net::TcpListener> {
    let Some(port) = address.strip_prefix(':') else { return tokio::net::TcpListener::bind(address).await };
    match tokio::net::TcpListener::bind(format!("[::]:{port}")).await {
        Err(error) if is_for_lack_of_ipv6(&error) => {
            tokio::net::TcpListener::bind(format!("0.0.0.0:{port}")).await
        }
        bound => bound,
    }
}

fn is_for_lack_of_ipv6(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

#[allow(clippy::missing_errors_doc)]
impl Net {
    /// Listens on `host:port`; without a host, on every interface.
    pub async fn listen(self, address: &str) -> io::Result<Listener> {
        match self {
            Net::Real => bind(address).await.map(Listener::Real),
            #[cfg(feature = "sim")]
            Net::Sim => turmoil::net::TcpListener::bind(address).await.map(Listener::Sim),
        }
    }

    /// Connects to `host:port`.
    pub async fn connect(self, address: &str) -> io::Result<Stream> {
        match self {
            Net::Real => {
                let stream = tokio::net::TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Real(stream))
            }
            #[cfg(feature = "sim")]
            Net::Sim => turmoil::net::TcpStream::connect(address).await.map(Stream::Sim),
        }
    }
}

#[allow(clippy::missing_errors_doc)]
impl Listener {
    /// Waits for the next connection; returns it with the peer's address.
    pub async fn accept(&self) -> io::Result<(Detached, SocketAddr)> {
        match self {
            Listener::Real(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                // A socket for both families calls 127.0.0.1 ::ffff:127.0.0.1.
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                Ok((Detached::Real(stream.into_std()?), peer))
            }
            #[cfg(feature = "sim")]
            Listener::Sim(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Detached::Sim(stream), peer))
            }
        }
    }

    /// Sets a descriptor aside, so that a connection can be taken, and closed, when there is no other.
    pub fn spare(&self) -> io::Result<Spare> {
        match self {
            Listener::Real(listener) => listener.as_fd().try_clone_to_owned().map(Some).map(Spare),
            #[cfg(feature = "sim")]
            Listener::Sim(_) => Ok(Spare(None)),
        }
    }

    /// Returns the address that is listened on.
    pub fn local_addr(&self) -> io::Result<std::net::SocketAddr> {
        match self {
            Listener::Real(listener) => listener.local_addr(),
            #[cfg(feature = "sim")]
            Listener::Sim(listener) => listener.local_addr(),
        }
    }
}

#[allow(clippy::missing_errors_doc)]
impl Detached {
    /// Makes the connection one of this thread's runtime.
    pub fn attach(self) -> io::Result<Stream> {
        match self {
            Detached::Real(stream) => tokio::net::TcpStream::from_std(stream).map(Stream::Real),
            #[cfg(feature = "sim")]
            Detached::Sim(stream) => Ok(Stream::Sim(stream)),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Real(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Stream::Real(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Stream::Real(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Stream::Real(_))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Real(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Stream::Real(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "sim")]
            Stream::Sim(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects: an address without a host is every interface, as in Kafka, and a peer has the address by which others know it.
    #[test]
    fn no_host_is_every_interface() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = Net::Real.listen(":0").await.unwrap();
            let own = listener.local_addr().unwrap();
            assert!(own.ip().is_unspecified(), "{own}");
            let client = std::net::TcpStream::connect(("127.0.0.1", own.port())).unwrap();
            let (_stream, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        });
    }
}
