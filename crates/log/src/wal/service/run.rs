//! The loop of the log's thread.

use super::super::fault::WalFault;
use super::super::frame::Frame;
use super::super::layout::frame_bytes;
use super::super::writer::WalWriter;
use super::handle::{ClientShared, Command};
use super::space::Space;
use env::Clock;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Idle time after which the last group is vouched for (W-3).
const VOUCH_AFTER: Duration = Duration::from_millis(10);
/// What is followed by more waits for that so long at most.
const FOLLOWED_WAIT: Duration = Duration::from_millis(2);
/// Idle time between two steps of making files ready.
const UPKEEP_PAUSE: Duration = Duration::from_millis(5);

struct Submission {
    client: Arc<ClientShared>,
    ticket: u64,
    frames: std::vec::IntoIter<Frame>,
}

/// What idle time is for.
#[derive(Clone, Copy)]
enum IdleJob {
    Write,
    Vouch,
    Upkeep,
}

/// What the log's thread owns.
pub(super) struct Service {
    writer: WalWriter,
    clock: Arc<dyn Clock>,
    commands: mpsc::UnboundedReceiver<Command>,
    space: Arc<Space>,
    clients: Vec<Arc<ClientShared>>,
    waiting: VecDeque<Submission>,
    /// Of what waits something is not followed by more.
    is_pressed: bool,
    /// What waits has waited for long enough then.
    write_at: Instant,
    group: Vec<Frame>,
    done: Vec<(Arc<ClientShared>, u64)>,
    vouched: bool,
    /// Bytes written since files were last made ready.
    upkeep_debt: u64,
    /// The disk was full: what room it has is not taken in haste, others need it as well (W-12).
    was_full: bool,
    fault: Option<Arc<WalFault>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Service {
    pub(super) fn new(
        writer: WalWriter,
        clock: Arc<dyn Clock>,
        commands: mpsc::UnboundedReceiver<Command>,
        space: Arc<Space>,
    ) -> Service {
        space.on_space(&writer);
        Service {
            writer,
            clock,
            commands,
            space,
            clients: Vec::new(),
            waiting: VecDeque::new(),
            is_pressed: false,
            write_at: Instant::now(),
            group: Vec::new(),
            done: Vec::new(),
            vouched: false,
            upkeep_debt: 0,
            was_full: false,
            fault: None,
            stop: None,
        }
    }

    /// Runs until it is stopped or nobody holds a handle any more.
    pub(super) async fn run(mut self) {
        loop {
            while let Ok(command) = self.commands.try_recv() {
                self.on_command(command);
            }
            let is_due = self.is_pressed || self.stop.is_some();
            if is_due && !self.waiting.is_empty() {
                self.write_waiting();
            } else if self.stop.is_some() || !self.wait().await {
                return self.end();
            }
        }
    }

    /// Waits for a command, or does what idle time is for. Returns false when no command can come any more.
    async fn wait(&mut self) -> bool {
        let received = match self.idle_job() {
            Some((pause, job)) => match tokio::time::timeout(pause, self.commands.recv()).await {
                Ok(received) => received,
                Err(_) => {
                    self.on_idle(job);
                    return true;
                }
            },
            None => self.commands.recv().await,
        };
        let Some(command) = received else { return false };
        self.on_command(command);
        true
    }

    /// Returns what is to be done after which idle time.
    fn idle_job(&self) -> Option<(Duration, IdleJob)> {
        if self.fault.is_some() {
            None
        } else if !self.waiting.is_empty() {
            Some((self.write_at.saturating_duration_since(Instant::now()), IdleJob::Write))
        } else if self.is_hurried() && self.writer.has_upkeep() {
            Some((Duration::ZERO, IdleJob::Upkeep))
        } else if !self.vouched {
            Some((VOUCH_AFTER, IdleJob::Vouch))
        } else if self.writer.has_upkeep() {
            Some((UPKEEP_PAUSE, IdleJob::Upkeep))
        } else {
            None
        }
    }

    fn on_idle(&mut self, job: IdleJob) {
        match job {
            IdleJob::Write => self.write_waiting(),
            IdleJob::Vouch => self.vouch(false),
            IdleJob::Upkeep => self.upkeep(),
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Register(client) => self.register(client),
            Command::Submit { client, ticket, frames, is_followed } => {
                if self.waiting.is_empty() {
                    self.write_at = Instant::now() + FOLLOWED_WAIT;
                }
                self.is_pressed |= !is_followed;
                self.submit(client, ticket, frames);
            }
            Command::Mark(answer) => {
                if self.fault.is_none() {
                    let _ = answer.send(self.writer.synced_end());
                }
            }
            Command::Recycle(position) => {
                let recycled = self.writer.recycle_below(position);
                self.check(recycled);
                self.show_space();
            }
            Command::RetryFilling => {
                self.was_full = true;
                self.writer.retry_filling();
                self.show_space();
            }
            Command::Stop(answer) => self.stop = Some(answer),
        }
    }

    fn register(&mut self, client: Arc<ClientShared>) {
        if let Some(fault) = &self.fault {
            client.sink.failed(fault.clone());
        }
        self.clients.push(client);
    }

    fn submit(&mut self, client: Arc<ClientShared>, ticket: u64, frames: Vec<Frame>) {
        match &self.fault {
            Some(fault) => client.sink.failed(fault.clone()),
            None => self.waiting.push_back(Submission { client, ticket, frames: frames.into_iter() }),
        }
    }

    /// Writes and reports one group of what waits.
    fn write_waiting(&mut self) {
        self.take_group();
        self.is_pressed &= !self.waiting.is_empty();
        if !self.group.is_empty() {
            let began = self.clock.now();
            let written = self.writer.write_group(&self.group, began.wall);
            let Some(written) = self.check(written) else { return };
            let took = self.clock.now().mono.since(began.mono);
            self.space.stats.on_group(self.group.len(), written.bytes, took);
            self.upkeep_debt += written.bytes;
            self.vouched = false;
        }
        self.group.clear();
        for (client, ticket) in self.done.drain(..) {
            client.sink.synced(ticket);
        }
        self.upkeep_when_due();
        self.show_space();
    }

    /// Moves frames from what waits into the group, as many as may be in one.
    fn take_group(&mut self) {
        let mut room = None;
        while let Some(submission) = self.waiting.front_mut() {
            while let Some(frame) = submission.frames.as_slice().first() {
                let left = room.unwrap_or_else(|| self.writer.group_room(frame));
                let Some(rest) = left.checked_sub(frame_bytes(frame)) else { return };
                room = Some(rest);
                self.group.extend(submission.frames.next());
            }
            if let Some(Submission { client, ticket, .. }) = self.waiting.pop_front() {
                note_done(&mut self.done, client, ticket);
            }
        }
    }

    /// Busy, files are made ready at the pace at which they are used; at once where somebody waits for them.
    fn upkeep_when_due(&mut self) {
        let step = self.writer.home().options.fill_step_bytes as u64;
        let is_due = self.upkeep_debt >= step || self.is_hurried();
        if is_due && self.fault.is_none() && self.writer.has_upkeep() {
            self.upkeep_debt = self.upkeep_debt.saturating_sub(step).min(step);
            self.upkeep();
        }
    }

    fn is_hurried(&self) -> bool {
        self.space.is_wanted() && !self.was_full && !self.writer.is_put_off()
    }

    fn upkeep(&mut self) {
        let step = self.writer.fill_pool_step();
        if self.check(step) == Some(false) {
            // All there can be is ready; the next full disk is told anew.
            self.was_full = false;
        }
        self.show_space();
    }

    fn vouch(&mut self, synced: bool) {
        let vouched = self.writer.vouch(synced, self.clock.now().wall);
        self.check(vouched);
        self.vouched = true;
    }

    fn show_space(&self) {
        self.space.on_space(&self.writer);
    }

    /// Tells everyone about a fault; nothing is written after it.
    fn check<T>(&mut self, result: Result<T, WalFault>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                let fault = self.fault.get_or_insert_with(|| Arc::new(fault)).clone();
                self.waiting.clear();
                self.group.clear();
                self.done.clear();
                for client in &self.clients {
                    client.sink.failed(fault.clone());
                }
                None
            }
        }
    }

    /// Vouches for the last group and ends; whoever submits from now on is told that the log is closed.
    fn end(mut self) {
        if self.fault.is_none() {
            self.vouch(true);
        }
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Submit { client, .. } | Command::Register(client) = command {
                client.sink.failed(Arc::new(WalFault::Closed));
            }
        }
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn note_done(done: &mut Vec<(Arc<ClientShared>, u64)>, client: Arc<ClientShared>, ticket: u64) {
    match done.iter_mut().find(|(known, _)| known.id == client.id) {
        Some((_, last)) => *last = ticket,
        None => done.push((client, ticket)),
    }
}
