//! Names: folders as the cache and as the device know them, and the unsynced changes between.

use super::content::Content;
use super::draw::Draw;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

/// Number of a file or folder, whatever its names.
pub(super) type NodeId = u64;
const ROOT: NodeId = 0;
/// Longest name of a file or folder, as on most file systems. *Units*: bytes.
const NAME_MAX: usize = 255;

type Entries = BTreeMap<String, NodeId>;

/// One unsynced change of a folder. Both halves of a rename have the same operation.
#[derive(Clone)]
struct Change {
    op: u64,
    name: String,
    to: Option<NodeId>,
    /// The operation is durable by way of another folder.
    is_safe: bool,
}

#[derive(Clone, Default)]
struct Folder {
    cache: Entries,
    device: Entries,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Node {
    File(Content),
    Folder(Folder),
}

/// All files and folders.
#[derive(Clone)]
pub(super) struct Tree {
    nodes: BTreeMap<NodeId, Node>,
    next_node: NodeId,
    next_op: u64,
}

impl Tree {
    /// Makes a tree with nothing but its root.
    pub(super) fn new() -> Tree {
        let nodes = BTreeMap::from([(ROOT, Node::Folder(Folder::default()))]);
        Tree { nodes, next_node: ROOT + 1, next_op: 0 }
    }

    /// Finds what has a name.
    pub(super) fn find(&self, path: &Path) -> io::Result<NodeId> {
        let mut node = ROOT;
        for name in names(path)? {
            node = *self.folder(node)?.cache.get(name).ok_or(ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    /// Returns a file.
    pub(super) fn file(&mut self, node: NodeId) -> io::Result<&mut Content> {
        match self.nodes.get_mut(&node) {
            Some(Node::File(content)) => Ok(content),
            Some(Node::Folder(_)) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Makes a file or folder.
    pub(super) fn create(&mut self, path: &Path, is_folder: bool) -> io::Result<NodeId> {
        let (folder, name) = self.place(path)?;
        if self.folder(folder)?.cache.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let node = self.next_node;
        self.next_node += 1;
        let made = if is_folder { Node::Folder(Folder::default()) } else { Node::File(Content::default()) };
        self.nodes.insert(node, made);
        self.next_op += 1;
        self.change(folder, name, Some(node))?;
        Ok(node)
    }

    /// Removes a file, or an empty folder.
    pub(super) fn remove(&mut self, path: &Path, is_folder: bool) -> io::Result<()> {
        let node = self.find(path)?;
        match (&self.nodes.get(&node), is_folder) {
            (Some(Node::Folder(folder)), true) if folder.cache.is_empty() => {}
            (Some(Node::Folder(_)), true) => return Err(ErrorKind::DirectoryNotEmpty.into()),
            (Some(Node::Folder(_)), false) => return Err(ErrorKind::IsADirectory.into()),
            (_, true) => return Err(ErrorKind::NotADirectory.into()),
            (_, false) => {}
        }
        let (folder, name) = self.place(path)?;
        self.next_op += 1;
        self.change(folder, name, None)
    }

    /// Gives a node another name; a file of that name goes.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.find(from)?;
        let (old_folder, old_name) = self.place(from)?;
        let (new_folder, new_name) = self.place(to)?;
        let replaced = self.folder(new_folder)?.cache.get(&new_name);
        if replaced.is_some_and(|replaced| matches!(self.nodes.get(replaced), Some(Node::Folder(_)))) {
            return Err(ErrorKind::IsADirectory.into());
        }
        if (old_folder, &old_name) == (new_folder, &new_name) {
            return Ok(());
        }
        self.next_op += 1;
        self.change(old_folder, old_name, None)?;
        self.change(new_folder, new_name, Some(node))
    }

    /// Lists a folder: names, and whether they are folders.
    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<(String, bool)>> {
        let entries = &self.folder(self.find(path)?)?.cache;
        let is_folder = |node| matches!(self.nodes.get(node), Some(Node::Folder(_)));
        Ok(entries.iter().map(|(name, node)| (name.clone(), is_folder(node))).collect())
    }

    /// Makes the changes of a folder durable, both halves of its renames.
    pub(super) fn sync(&mut self, path: &Path) -> io::Result<()> {
        let folder = self.folder_mut(path)?;
        let ops: BTreeSet<u64> = folder.unsynced.drain(..).map(|change| change.op).collect();
        folder.device = folder.cache.clone();
        for folder in self.folders() {
            let unsynced = folder.unsynced.iter_mut();
            unsynced.filter(|change| ops.contains(&change.op)).for_each(|change| change.is_safe = true);
        }
        Ok(())
    }

    /// A sync of a folder fails: some changes get to the device, the others are lost, and all count as clean.
    pub(super) fn fail_sync(&mut self, path: &Path, draw: &mut Draw) -> io::Result<()> {
        let folder = self.folder_mut(path)?;
        for change in std::mem::take(&mut folder.unsynced) {
            if change.is_safe || draw.next().is_multiple_of(2) {
                change.apply(&mut folder.device);
            }
        }
        Ok(())
    }

    /// The power goes: of the unsynced changes any part survives, and what has no name any more is gone.
    pub(super) fn power_cut(&mut self, seed: u64, draw: &mut Draw) {
        let fate = draw.fate(seed);
        let survives: Vec<bool> = (0..=self.next_op).map(|op| fate.survives(op % 64, draw)).collect();
        let survives = |op: u64| usize::try_from(op).ok().and_then(|op| survives.get(op)).is_some_and(|s| *s);
        for folder in self.folders() {
            for change in std::mem::take(&mut folder.unsynced) {
                if change.is_safe || survives(change.op) {
                    change.apply(&mut folder.device);
                }
            }
            folder.cache = folder.device.clone();
        }
        self.drop_nameless();
        for content in self.files() {
            content.power_cut(seed, draw);
        }
    }

    /// Drops what has no name, as the end of a process does.
    pub(super) fn drop_nameless(&mut self) {
        let mut named = BTreeSet::new();
        let mut open = vec![ROOT];
        while let Some(node) = open.pop() {
            if let (true, Some(Node::Folder(folder))) = (named.insert(node), self.nodes.get(&node)) {
                open.extend(folder.cache.values().chain(folder.device.values()));
                open.extend(folder.unsynced.iter().filter_map(|change| change.to));
            }
        }
        self.nodes.retain(|node, _| named.contains(node));
    }

    /// Returns the sum of the lengths of all files that have a name now. *Units*: bytes.
    pub(super) fn bytes(&self) -> u64 {
        let (mut sum, mut open) = (0, vec![ROOT]);
        while let Some(node) = open.pop() {
            match self.nodes.get(&node) {
                Some(Node::Folder(folder)) => open.extend(folder.cache.values()),
                Some(Node::File(content)) => sum += content.size(),
                None => {}
            }
        }
        sum
    }

    fn files(&mut self) -> impl Iterator<Item = &mut Content> {
        self.nodes.values_mut().filter_map(|node| match node {
            Node::File(content) => Some(content),
            Node::Folder(_) => None,
        })
    }

    fn folders(&mut self) -> impl Iterator<Item = &mut Folder> {
        self.nodes.values_mut().filter_map(|node| match node {
            Node::File(_) => None,
            Node::Folder(folder) => Some(folder),
        })
    }

    fn folder(&self, node: NodeId) -> io::Result<&Folder> {
        match self.nodes.get(&node) {
            Some(Node::Folder(folder)) => Ok(folder),
            Some(Node::File(_)) => Err(ErrorKind::NotADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn folder_mut(&mut self, path: &Path) -> io::Result<&mut Folder> {
        match self.nodes.get_mut(&self.find(path)?) {
            Some(Node::Folder(folder)) => Ok(folder),
            _ => Err(ErrorKind::NotADirectory.into()),
        }
    }

    /// Returns the folder of a path and the name within it.
    fn place(&self, path: &Path) -> io::Result<(NodeId, String)> {
        let name = names(path)?.last().ok_or(ErrorKind::InvalidInput)?.to_string();
        if name.len() > NAME_MAX {
            return Err(ErrorKind::InvalidFilename.into());
        }
        let folder = self.find(path.parent().unwrap_or(Path::new("")))?;
        Ok((folder, name))
    }

    fn change(&mut self, folder: NodeId, name: String, to: Option<NodeId>) -> io::Result<()> {
        let op = self.next_op;
        match self.nodes.get_mut(&folder) {
            Some(Node::Folder(folder)) => {
                let change = Change { op, name, to, is_safe: false };
                change.clone().apply(&mut folder.cache);
                folder.unsynced.push(change);
                Ok(())
            }
            _ => Err(ErrorKind::NotADirectory.into()),
        }
    }
}

impl Change {
    fn apply(self, entries: &mut Entries) {
        match self.to {
            Some(node) => entries.insert(self.name, node),
            None => entries.remove(&self.name),
        };
    }
}

/// Returns the names of a path, from the root on.
fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_str().ok_or(ErrorKind::InvalidInput)?),
            Component::RootDir | Component::CurDir => {}
            Component::Prefix(_) | Component::ParentDir => return Err(ErrorKind::InvalidInput.into()),
        }
    }
    Ok(names)
}
