// Written by `cargo xtask codegen` from schema/; do not edit.

//! The response of ConsumerGroupDescribe, API key 69.

use crate::error::{DecodeError, EncodeError};
use crate::message::{ApiMessage, Message};
use crate::reader::Reader;
use crate::rope::Rope;
use types::Uuid;

/// Body of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ConsumerGroupDescribeResponse {
    /// `int32`, versions 0 to 1.
    pub throttle_time_ms: i32,
    /// `[]DescribedGroup`, versions 0 to 1.
    pub groups: Vec<DescribedGroup>,
}

impl ConsumerGroupDescribeResponse {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let throttle_time_ms = reader.i32()?;
        let groups = reader.array(true, 20, |reader| DescribedGroup::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(ConsumerGroupDescribeResponse { throttle_time_ms, groups })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i32(self.throttle_time_ms);
        out.put_len(self.groups.len(), true)?;
        for item in &self.groups {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        for item in &self.groups {
            item.show_errors(visit);
        }
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct DescribedGroup {
    /// `int16`, versions 0 to 1.
    pub error_code: i16,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub error_message: Option<String>,
    /// `string`, versions 0 to 1.
    pub group_id: String,
    /// `string`, versions 0 to 1.
    pub group_state: String,
    /// `int32`, versions 0 to 1.
    pub group_epoch: i32,
    /// `int32`, versions 0 to 1.
    pub assignment_epoch: i32,
    /// `string`, versions 0 to 1.
    pub assignor_name: String,
    /// `[]Member`, versions 0 to 1.
    pub members: Vec<Member>,
    /// `int32`, versions 0 to 1; default -2147483648.
    pub authorized_operations: i32,
}

impl Default for DescribedGroup {
    fn default() -> DescribedGroup {
        DescribedGroup {
            error_code: 0,
            error_message: None,
            group_id: String::new(),
            group_state: String::new(),
            group_epoch: 0,
            assignment_epoch: 0,
            assignor_name: String::new(),
            members: Vec::new(),
            authorized_operations: -2147483648,
        }
    }
}

impl DescribedGroup {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let error_code = reader.i16()?;
        let error_message = reader.nullable_string(true)?;
        let group_id = reader.string(true)?;
        let group_state = reader.string(true)?;
        let group_epoch = reader.i32()?;
        let assignment_epoch = reader.i32()?;
        let assignor_name = reader.string(true)?;
        let members = reader.array(true, 16, |reader| Member::read(reader, version))?;
        let authorized_operations = reader.i32()?;
        reader.tags(|_, _| Ok(false))?;
        Ok(DescribedGroup {
            error_code,
            error_message,
            group_id,
            group_state,
            group_epoch,
            assignment_epoch,
            assignor_name,
            members,
            authorized_operations,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_i16(self.error_code);
        out.put_nullable_string(self.error_message.as_deref(), true)?;
        out.put_string(&self.group_id, true)?;
        out.put_string(&self.group_state, true)?;
        out.put_i32(self.group_epoch);
        out.put_i32(self.assignment_epoch);
        out.put_string(&self.assignor_name, true)?;
        out.put_len(self.members.len(), true)?;
        for item in &self.members {
            item.write(out, version)?;
        }
        out.put_i32(self.authorized_operations);
        out.put_varint(0);
        Ok(())
    }

    fn show_errors(&self, visit: &mut dyn FnMut(i16)) {
        visit(self.error_code);
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// `string`, versions 0 to 1.
    pub member_id: String,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub instance_id: Option<String>,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub rack_id: Option<String>,
    /// `int32`, versions 0 to 1.
    pub member_epoch: i32,
    /// `string`, versions 0 to 1.
    pub client_id: String,
    /// `string`, versions 0 to 1.
    pub client_host: String,
    /// `[]string`, versions 0 to 1.
    pub subscribed_topic_names: Vec<String>,
    /// `string`, versions 0 to 1; null in versions 0 to 1; default null.
    pub subscribed_topic_regex: Option<String>,
    /// `Assignment`, versions 0 to 1.
    pub assignment: Assignment,
    /// `Assignment`, versions 0 to 1.
    pub target_assignment: Assignment,
    /// `int8`, version 1; default -1; dropped where a version lacks it.
    pub member_type: i8,
}

impl Default for Member {
    fn default() -> Member {
        Member {
            member_id: String::new(),
            instance_id: None,
            rack_id: None,
            member_epoch: 0,
            client_id: String::new(),
            client_host: String::new(),
            subscribed_topic_names: Vec::new(),
            subscribed_topic_regex: None,
            assignment: Assignment::default(),
            target_assignment: Assignment::default(),
            member_type: -1,
        }
    }
}

impl Member {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let member_id = reader.string(true)?;
        let instance_id = reader.nullable_string(true)?;
        let rack_id = reader.nullable_string(true)?;
        let member_epoch = reader.i32()?;
        let client_id = reader.string(true)?;
        let client_host = reader.string(true)?;
        let subscribed_topic_names = reader.array(true, 1, |reader| reader.string(true))?;
        let subscribed_topic_regex = reader.nullable_string(true)?;
        let assignment = Assignment::read(reader, version)?;
        let target_assignment = Assignment::read(reader, version)?;
        let member_type = if version >= 1 { reader.i8()? } else { -1 };
        reader.tags(|_, _| Ok(false))?;
        Ok(Member {
            member_id,
            instance_id,
            rack_id,
            member_epoch,
            client_id,
            client_host,
            subscribed_topic_names,
            subscribed_topic_regex,
            assignment,
            target_assignment,
            member_type,
        })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_string(&self.member_id, true)?;
        out.put_nullable_string(self.instance_id.as_deref(), true)?;
        out.put_nullable_string(self.rack_id.as_deref(), true)?;
        out.put_i32(self.member_epoch);
        out.put_string(&self.client_id, true)?;
        out.put_string(&self.client_host, true)?;
        out.put_len(self.subscribed_topic_names.len(), true)?;
        for item in &self.subscribed_topic_names {
            out.put_string(item, true)?;
        }
        out.put_nullable_string(self.subscribed_topic_regex.as_deref(), true)?;
        self.assignment.write(out, version)?;
        self.target_assignment.write(out, version)?;
        if version >= 1 {
            out.put_i8(self.member_type);
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Assignment {
    /// `[]TopicPartitions`, versions 0 to 1.
    pub topic_partitions: Vec<TopicPartitions>,
}

impl Assignment {
    fn read(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        let topic_partitions = reader.array(true, 19, |reader| TopicPartitions::read(reader, version))?;
        reader.tags(|_, _| Ok(false))?;
        Ok(Assignment { topic_partitions })
    }

    fn write(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        out.put_len(self.topic_partitions.len(), true)?;
        for item in &self.topic_partitions {
            item.write(out, version)?;
        }
        out.put_varint(0);
        Ok(())
    }
}

/// Part of the message; versions 0 to 1.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TopicPartitions {
    /// `uuid`, versions 0 to 1.
    pub topic_id: Uuid,
    /// `string`, versions 0 to 1.
    pub topic_name: String,
    /// `[]int32`, versions 0 to 1.
    pub partitions: Vec<i32>,
}

impl TopicPartitions {
    fn read(reader: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let topic_id = reader.uuid()?;
        let topic_name = reader.string(true)?;
        let partitions = reader.array(true, 4, |reader| reader.i32())?;
        reader.tags(|_, _| Ok(false))?;
        Ok(TopicPartitions { topic_id, topic_name, partitions })
    }

    fn write(&self, out: &mut Rope, _version: i16) -> Result<(), EncodeError> {
        out.put_uuid(self.topic_id);
        out.put_string(&self.topic_name, true)?;
        out.put_len(self.partitions.len(), true)?;
        for item in &self.partitions {
            out.put_i32(*item);
        }
        out.put_varint(0);
        Ok(())
    }
}

impl Message for ConsumerGroupDescribeResponse {
    const NAME: &'static str = "ConsumerGroupDescribeResponse";
    const MIN: i16 = 0;
    const MAX: i16 = 1;
    const FLEXIBLE_FROM: i16 = 0;

    fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        if !(0..=1).contains(&version) {
            return Err(DecodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        Self::read(reader, version)
    }

    fn encode(&self, out: &mut Rope, version: i16) -> Result<(), EncodeError> {
        if !(0..=1).contains(&version) {
            return Err(EncodeError::UnsupportedVersion { message: Self::NAME, version });
        }
        self.write(out, version)
    }

    fn errors(&self, visit: &mut dyn FnMut(i16)) {
        self.show_errors(visit);
    }
}

impl ApiMessage for ConsumerGroupDescribeResponse {
    const KEY: i16 = 69;
}
