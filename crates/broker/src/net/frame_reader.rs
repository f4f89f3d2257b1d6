//! Bytes of a socket, as frames.
//!
//! A frame gets memory of its own, of just its length, since its batches may stay in it for long. What comes
//! with it but belongs to the next frame lies in a small buffer: many small frames need one read, a stream of
//! large ones needs one read each.
//! Tests: tests/wire/frames.rs, tests/wire/connections.rs, and below.

use bytes::{Buf as _, Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What may be read beyond a frame.
const AHEAD: usize = 4 * 1024;
/// What may be read beyond a frame into its own memory: the next frame's length and its ids.
const SLACK: usize = wire::LENGTH_SIZE + wire::RequestId::SIZE;
/// A body is read in steps of this size, so that a claimed length costs nothing until bytes come.
const READ_STEP: usize = 64 * 1024;

/// Reads frames.
pub(super) struct FrameReader<R> {
    socket: R,
    /// Bytes that came before they were asked for.
    ahead: BytesMut,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(socket: R) -> FrameReader<R> {
        FrameReader { socket, ahead: BytesMut::with_capacity(AHEAD) }
    }

    /// Reads exactly so many bytes; nothing when the peer closed before the first.
    pub(super) async fn head<const SIZE: usize>(&mut self) -> io::Result<Option<[u8; SIZE]>> {
        while self.ahead.len() < SIZE {
            self.ahead.reserve(AHEAD - self.ahead.len());
            if self.socket.read_buf(&mut self.ahead).await? == 0 {
                return if self.ahead.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
        let mut head = [0; SIZE];
        self.ahead.copy_to_slice(&mut head);
        Ok(Some(head))
    }

    /// Reads the rest of a frame of `length` bytes that begins with `head`.
    pub(super) async fn body(&mut self, head: &[u8], length: usize) -> io::Result<Bytes> {
        let mut frame = BytesMut::with_capacity(length.min(READ_STEP) + SLACK);
        frame.extend_from_slice(head);
        let known = self.ahead.len().min(length - head.len());
        frame.extend_from_slice(&self.ahead[..known]);
        self.ahead.advance(known);
        while frame.len() < length {
            let step = (length - frame.len()).min(READ_STEP.max(frame.len()));
            frame.reserve(step + SLACK);
            let mut limited = (&mut self.socket).take((length - frame.len() + SLACK) as u64);
            if limited.read_buf(&mut frame).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.ahead.extend_from_slice(&frame[length..]);
        frame.truncate(length);
        Ok(frame.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protects the frames' borders: however the bytes arrive, each frame is what was sent.
    #[tokio::test(flavor = "current_thread")]
    async fn frames_come_whole_however_they_arrive() {
        let lengths: [u32; 9] = [8, 9, 100, 16 * 1024, 8, 70_000, 200_000, 4 * 1024, 12];
        let fill = |length: u32| (0..length).map(|at| (at ^ length).to_le_bytes()[0]).collect();
        let frames: Vec<Vec<u8>> = lengths.into_iter().map(fill).collect();
        let framed = |(length, frame): (u32, &Vec<u8>)| [&length.to_be_bytes()[..], frame].concat();
        let stream: Vec<u8> = lengths.into_iter().zip(&frames).flat_map(framed).collect();
        for piece in [1, 3, 4096, 16 * 1024 + 5, 1 << 20] {
            let mut mock = in_pieces(&stream, piece);
            let mut reader = FrameReader::new(&mut mock);
            for sent in &frames {
                let length = u32::from_be_bytes(reader.head().await.unwrap().unwrap()) as usize;
                let head: [u8; 8] = reader.head().await.unwrap().unwrap();
                assert_eq!(reader.body(&head, length).await.unwrap(), sent[..]);
            }
            assert_eq!(reader.head::<4>().await.unwrap(), None);
        }
    }

    /// A stream that gives at most `piece` bytes at a time.
    fn in_pieces(bytes: &[u8], piece: usize) -> Pieces<'_> {
        Pieces { bytes, piece }
    }

    struct Pieces<'a> {
        bytes: &'a [u8],
        piece: usize,
    }

    impl AsyncRead for Pieces<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buf: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            let count = self.piece.min(buf.remaining()).min(self.bytes.len());
            let (now, later) = self.bytes.split_at(count);
            buf.put_slice(now);
            self.bytes = later;
            std::task::Poll::Ready(Ok(()))
        }
    }
}
