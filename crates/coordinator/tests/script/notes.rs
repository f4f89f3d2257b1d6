//! Notes for the history of offsets: who moved what, from where to where.

use crate::world::{GROUP, World, commit, topic_id, who};
use bytes::Bytes;
use coordinator::{Before, Caller, Note, Request};
use types::{GroupId, Offset, WallTime};
use wire::Stored;
use wire::offset_history_key::OffsetHistoryKey;
use wire::offset_history_value::OffsetHistoryValue;

/// Returns where the notes of the last batch say that an offset went, from where, and whose client did it.
fn moves(world: &World) -> Vec<(i64, i64, String)> {
    let records = world.log.as_slice();
    let batch = &records[records.len() - world.notes.len()..];
    let read = |note: &Note| {
        let (_, value) = note.encode(batch).unwrap().unwrap();
        let (value, _) = OffsetHistoryValue::from_stored(value).unwrap();
        (value.from_offset, value.offset, value.client_id)
    };
    world.notes.iter().map(read).collect()
}

/// Protects: each commit is noted with the offset before it, also where that is on its way in the same batch, and with whoever
/// sent it.
#[test]
fn a_note_says_from_where_and_who() {
    let mut world = World::new();
    world.commits_at_once = false;
    world.commit_offset(&who("a"), -1, 5);
    assert_eq!(world.notes[0].from, None);
    world.commit_offset(&who("b"), -1, 9);
    world.commit_offset(&who("c"), -1, 7);
    let at = world.now.wall;
    world.commit();
    world.commit();
    assert_eq!(moves(&world), [(5, 9, "b".into()), (9, 7, "c".into())]);
    assert_eq!(world.notes[0].from, Some(Before { offset: Offset(5), at, topic_id: topic_id(1) }));
    let noted = world.notes[1].who.as_ref().unwrap();
    assert_eq!((noted.host.as_str(), noted.member.is_empty()), ("/127.0.0.1", true));
}

/// Protects: the first commit to a topic that has taken a deleted one's name comes from nowhere.
#[test]
fn a_namesake_begins_anew() {
    let mut world = World::new();
    world.commit_offset(&who("a"), -1, 5);
    world.topics.0.insert("t".into(), topic_id(9));
    let mut request = commit(GROUP, &who("a"), -1, 1);
    request.offsets[0].topic_id = topic_id(9);
    world.ask(Request::Commit(request));
    assert_eq!(moves(&world), [(-1, 1, "a".into())]);
}

/// Protects: an offset that is deleted is noted; one of a deleted group by nobody.
#[test]
fn what_is_taken_away_is_noted() {
    let mut world = World::new();
    world.commit_offset(&who("a"), -1, 5);
    let caller = Caller { client_id: "tool".into(), ..Caller::default() };
    let (group, partitions) = (GroupId::from(GROUP), vec![("t".into(), 0)]);
    world.ask(Request::DeleteOffsets { group, partitions, caller });
    assert_eq!(moves(&world), [(5, -1, "tool".into())]);
    world.commit_offset(&who("a"), -1, 6);
    world.ask(Request::Delete(GroupId::from(GROUP)));
    assert_eq!(world.notes.len(), 1);
    assert_eq!((world.notes[0].from.map(|from| from.offset.0), &world.notes[0].who), (Some(6), &None));
}

/// Protects: a note is stored as its format says; one of a newer version, with fields and tags that are not known yet, is read as
/// far as it is known.
#[test]
fn notes_are_read_as_they_were_written() {
    let mut world = World::new();
    world.commit_offset(&who("a"), -1, 5);
    let (key, value) = world.notes[0].encode(&world.log).unwrap().unwrap();
    let (key, _) = OffsetHistoryKey::from_stored(key).unwrap();
    assert_eq!((key.group.as_str(), key.topic.as_str(), key.partition), (GROUP, "t", 0));
    let read = OffsetHistoryValue::from_peer(value.clone()).unwrap();
    assert_eq!((WallTime(read.at), read.offset, read.topic_id), (world.now.wall, 5, topic_id(1).0));
    let body = value.slice(2..value.len() - 1);
    let newer: Bytes = [&[0, 7], &body[..], &[1, 33, 2, 8, 8], b"more"].concat().into();
    assert_eq!(OffsetHistoryValue::from_peer(newer).unwrap(), read);
}
