//! Why a group is as it is: the facts of groups that scripts have brought there, and each finding.

use crate::reader::reader;
use crate::world::{DELAY, GROUP, REBALANCE, SESSION, World, who};
use coordinator::{
    Answer, Facts, Finding, MemberFacts, Owes, PartitionFacts, Presence, Request, Subject, why,
};
use std::time::Duration;
use types::{GroupId, MemberId, Offset, WallTime};

const NOW: WallTime = WallTime(10_000_000);

fn facts(world: &mut World) -> Facts {
    let token = world.ask(Request::Explain(GroupId::from(GROUP)));
    match world.answer(token) {
        Some(Ok(Answer::Facts(facts))) => *facts,
        other => panic!("no facts: {other:?}"),
    }
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

/// Returns the one finding of this name.
fn the<'f>(findings: &'f [Finding], code: &str) -> &'f Finding {
    let mut fitting = findings.iter().filter(|finding| finding.code == code);
    let found = fitting.next().unwrap_or_else(|| panic!("no {code} in {findings:?}"));
    assert!(fitting.next().is_none() && !found.advice.is_empty(), "{findings:?}");
    found
}

/// A member of a stable group that is given partition 0 of `t`.
fn member() -> MemberFacts {
    MemberFacts {
        member: MemberId::from("m"),
        instance: None,
        client_id: "app".into(),
        host: "/10.0.0.7".into(),
        session_timeout: Duration::from_secs(45),
        silent: Some(Duration::from_secs(2)),
        owes: Owes::Nothing,
        owes_for: None,
        epoch: None,
        topics: Some(vec!["t".into()]),
        assigned: vec![("t".into(), 0)],
    }
}

fn stable() -> Facts {
    Facts {
        protocol: "classic",
        protocol_type: "consumer".into(),
        state: "Stable",
        since: WallTime(NOW.0 - 600_000),
        generation: 3,
        target_epoch: None,
        awaits_first: false,
        rebalance_left: None,
        pending: 0,
        members: vec![member()],
        offsets: Vec::new(),
        in_transactions: Vec::new(),
    }
}

/// A partition of which 5 of 10 records are read, the last commit and the first unread record ten minutes ago.
fn partition() -> PartitionFacts {
    let then = WallTime(NOW.0 - 600_000);
    PartitionFacts {
        topic: "t".into(),
        partition: 0,
        presence: Presence::Served,
        committed: Some((Offset(5), then)),
        log_start: Offset(0),
        high_watermark: Offset(10),
        first_unread_at: Some(then),
        last_fetch: None,
        owner: Some(MemberId::from("m")),
        in_transaction: None,
    }
}

fn of_partition(change: impl FnOnce(&mut PartitionFacts)) -> Vec<Finding> {
    let mut one = partition();
    change(&mut one);
    why(&stable(), &[one], NOW)
}

/// Protects: who has not joined again is told with since when, how long it is silent, and when the group goes on without it.
#[test]
fn a_member_that_has_not_rejoined_is_named() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    world.stable(&mut members);
    world.pass(Duration::from_secs(2));
    world.join(&members[0]);
    world.pass(Duration::from_secs(4));
    let facts = facts(&mut world);
    assert_eq!((facts.state, facts.generation), ("PreparingRebalance", 1));
    assert_eq!(facts.rebalance_left, Some(REBALANCE - Duration::from_secs(4)));
    let findings = why(&facts, &[], world.now.wall);
    let missing = the(&findings, "not_rejoined");
    assert_eq!(missing.subject, Subject::Member(MemberId::from(members[1].id.as_str())));
    assert!(missing.text.contains("since 4 s ago; its last sign of life was 6 s ago"), "{}", missing.text);
    let group = the(&findings, "rebalance");
    assert!(group.text.contains("rebalance 2 has begun 4 s ago: 1 of 2 members"), "{}", group.text);
    let late = the(&findings, "late_heartbeat");
    assert!(late.text.contains("in 4 s it is taken for dead (its session is 10 s)"), "{}", late.text);
}

/// Protects: a member whose heartbeat is late is named; one that has sent it is not, nor one that waits for an answer.
#[test]
fn a_late_heartbeat_is_told() {
    let mut world = World::new();
    let mut members = [who("a"), who("b")];
    let generation = world.stable(&mut members);
    world.pass(SESSION / 2 + Duration::from_secs(1));
    world.heartbeat(&members[1], generation);
    let facts = facts(&mut world);
    let findings = why(&facts, &[], world.now.wall);
    assert_eq!(codes(&findings), ["late_heartbeat"]);
    assert_eq!(findings[0].subject, Subject::Member(MemberId::from(members[0].id.as_str())));
    assert!(findings[0].text.contains("is silent since 6 s ago; in 4 s"), "{}", findings[0].text);
}

/// Protects: while an assignment is missing, the leader is named, and who has not asked for theirs.
#[test]
fn a_missing_assignment_is_told() {
    let mut world = World::new();
    let (mut a, mut b) = (who("a"), who("b"));
    let first = world.enter(&mut a);
    world.enter(&mut b);
    world.pass(DELAY * 2);
    let leader = world.joined(first).leader;
    let facts = facts(&mut world);
    assert_eq!(facts.state, "CompletingRebalance");
    let findings = why(&facts, &[], world.now.wall);
    let leading = the(&findings, "no_assignment");
    assert_eq!(leading.subject, Subject::Member(MemberId::from(leader.as_str())));
    assert!(the(&findings, "not_synced").text.contains("has not asked for its assignment"));
    assert!(the(&findings, "rebalance").text.contains("2 of 2 members have not asked for theirs"));
}

/// Protects: the first wait of a group, and a client that has an id and does not come back, are told.
#[test]
fn first_members_are_waited_for() {
    let mut world = World::new();
    let mut a = who("a");
    world.enter(&mut a);
    world.join(&who("b"));
    let facts = facts(&mut world);
    let findings = why(&facts, &[], world.now.wall);
    assert!(the(&findings, "rebalance").text.contains("the first rebalance waits 3 s more"));
    assert!(the(&findings, "not_joined").text.contains("1 client asked for an id"));
}

/// Protects: a group without members says since when, and what is not read.
#[test]
fn an_empty_group_is_told() {
    let facts = Facts { state: "Empty", members: Vec::new(), ..stable() };
    let findings = why(&facts, &[partition()], NOW);
    let said = "the group has no members since 10 min 0 s ago; 5 records are not read";
    assert_eq!((codes(&findings), findings[0].text.as_str()), (vec!["empty"], said));
    let never = Facts { protocol_type: String::new(), ..facts };
    assert!(why(&never, &[], NOW)[0].text.contains("never had members"));
}

/// Protects: a member of the consumer protocol that holds others up is named, with since when; so are epochs, and what members
/// read and have.
#[test]
fn a_missing_revocation_is_told() {
    let mut world = World::new();
    let (mut a, mut b) = (reader("a"), reader("b"));
    world.beat(&mut a);
    world.pass(Duration::from_secs(1));
    world.beat(&mut b);
    world.beat(&mut a);
    world.pass(Duration::from_secs(7));
    let facts = facts(&mut world);
    assert_eq!((facts.protocol, facts.state, facts.generation), ("consumer", "Reconciling", 3));
    assert_eq!(facts.members[0].topics, Some(vec!["t".to_owned()]));
    assert_eq!(facts.members[0].assigned.len(), 2, "it keeps two of four");
    assert_eq!(facts.members[1].silent, Some(Duration::from_secs(7)));
    let findings = why(&facts, &[], world.now.wall);
    let late = the(&findings, "not_revoked");
    assert_eq!(late.subject, Subject::Member(MemberId::from("a")));
    assert!(late.text.contains("since 7 s ago; its last sign of life was 7 s ago"), "{}", late.text);
    let group = the(&findings, "rebalance");
    assert!(group.text.contains("epoch 3, made 7 s ago: 1 of 2 members"), "{}", group.text);
}

/// Protects: a member that is behind the assignment is told with both epochs.
#[test]
fn a_member_that_is_behind_is_told() {
    let late = MemberFacts { owes: Owes::Epoch, epoch: Some(4), ..member() };
    let facts = Facts { protocol: "consumer", target_epoch: Some(5), members: vec![late], ..stable() };
    let findings = why(&facts, &[], NOW);
    assert!(the(&findings, "behind").text.contains("is at epoch 4, the assignment is of 5"));
}

/// Protects: what was deleted before it was read is counted; an offset beyond the end is told with the end.
#[test]
fn offsets_out_of_range_are_told() {
    let skipped = of_partition(|one| one.log_start = Offset(8));
    assert!(the(&skipped, "skipped").text.starts_with("t-0: 3 records were deleted before they were read"));
    let beyond = of_partition(|one| one.committed = Some((Offset(12), NOW)));
    assert!(
        the(&beyond, "beyond_end").text.contains("12 is committed, beyond the end of the log, which is 10")
    );
}

/// Protects: a lag that does not move is told with what is known: fetched and not committed, asked for in vain, not fetched at
/// all, never committed; one that moves is not.
#[test]
fn a_lag_that_stands_still_is_told() {
    let fetched = |next, ago: i64| Some((Offset(next), WallTime(NOW.0 - ago)));
    let codes = |change: &dyn Fn(&mut PartitionFacts)| codes(&of_partition(change));
    assert_eq!(codes(&|_| {}), ["not_fetched"]);
    assert_eq!(codes(&|one| one.last_fetch = fetched(9, 300_000)), ["fetched_not_committed"]);
    assert_eq!(codes(&|one| one.last_fetch = fetched(5, 1_000)), ["fetched_in_vain"]);
    assert_eq!(codes(&|one| one.last_fetch = fetched(5, 300_000)), ["not_fetched"]);
    assert_eq!(codes(&|one| one.committed = None), ["never_committed"]);
    assert_eq!(codes(&|one| one.committed = Some((Offset(5), WallTime(NOW.0 - 3_000)))), ["fine"]);
    assert_eq!(codes(&|one| one.first_unread_at = Some(WallTime(NOW.0 - 3_000))), ["fine"]);
    assert_eq!(codes(&|one| one.committed = Some((Offset(10), WallTime(0)))), ["fine"]);
    let said = of_partition(|one| one.last_fetch = fetched(9, 300_000)).remove(0).text;
    assert!(said.contains("m has committed nothing since 10 min 0 s ago"), "{said}");
    assert!(said.contains("fetched up to 9 (5 min 0 s ago, by whom is not known)"), "{said}");
}

/// Protects: a partition that nobody has is told, and whether anybody subscribes to its topic.
#[test]
fn a_partition_that_nobody_has_is_told() {
    assert_eq!(codes(&of_partition(|one| one.owner = None)), ["no_owner"]);
    let other = |one: &mut PartitionFacts| (one.topic, one.owner) = ("u".into(), None);
    assert_eq!(codes(&of_partition(other)), ["not_subscribed"]);
}

/// Protects: a partition that is offline or gone is told, and nothing is concluded from its positions.
#[test]
fn a_partition_that_is_not_there_is_told() {
    assert_eq!(codes(&of_partition(|one| one.presence = Presence::Offline)), ["offline"]);
    let gone = of_partition(|one| one.presence = Presence::Gone);
    assert_eq!((codes(&gone), partition().lag()), (vec!["gone"], Some(5)));
}

/// Protects: lag in records and in time, and what was skipped, are counted from the same positions.
#[test]
fn lags_are_counted() {
    let one = PartitionFacts { log_start: Offset(7), ..partition() };
    assert_eq!((one.lag(), one.skipped()), (Some(5), 2));
    assert_eq!(one.lag_time(NOW), Some(Duration::from_secs(600)));
    let read = PartitionFacts { committed: Some((Offset(10), NOW)), first_unread_at: None, ..partition() };
    assert_eq!((read.lag(), read.lag_time(NOW), read.skipped()), (Some(0), Some(Duration::ZERO), 0));
    let gone = PartitionFacts { presence: Presence::Gone, ..partition() };
    assert_eq!((gone.lag(), gone.lag_time(NOW), gone.skipped()), (None, None, 0));
}

/// Protects: of a partition whose lag does not move while an offset is pending in a transaction, that is said, with the producer and
/// since when, also where nothing was ever committed or nobody is a member; of one that moves nothing is said.
#[test]
fn an_open_transaction_is_named() {
    let since = WallTime(NOW.0 - 120_000);
    let pending = PartitionFacts { in_transaction: Some((types::ProducerId(77), since)), ..partition() };
    let found = why(&stable(), std::slice::from_ref(&pending), NOW);
    let finding = the(&found, "in_transaction");
    assert!(finding.text.contains("producer 77") && finding.text.contains("2 min"), "{}", finding.text);
    assert!(finding.text.contains("10 min"), "{}", finding.text);
    assert_eq!(codes(&found), ["in_transaction"]);
    let first = PartitionFacts { committed: None, ..pending.clone() };
    let nobody = Facts { state: "Empty", members: Vec::new(), since: NOW, ..stable() };
    let found = why(&nobody, std::slice::from_ref(&first), NOW);
    the(&found, "in_transaction");
    let moves = PartitionFacts { committed: Some((Offset(5), NOW)), ..pending };
    assert_eq!(codes(&why(&stable(), &[moves], NOW)), ["fine"]);
}
