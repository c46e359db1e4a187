//! Places in a [`crate::Plan`]: an index each, so that a state is plain data.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);
        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// Index into [`crate::Plan::nodes`]: a statement, known by its place within one source snapshot.
    NodeId
    /// Index into [`crate::Plan::blocks`].
    BlockId
    /// Index into [`crate::Plan::vars`]: one declaration of a name.
    VarId
    /// Index into [`crate::Plan::commands`].
    CommandId
    /// Index into [`crate::Plan::requests`].
    RequestId
    /// Index into [`crate::Plan::procedures`].
    ProcedureId
    /// Index into [`crate::Plan::matrices`].
    MatrixId
    /// Index into [`crate::Plan::contacts`].
    ContactId
    /// Index into [`crate::Plan::channels`].
    ChannelId
    /// Index into [`crate::Plan::messages`].
    MessageId
    /// Index into [`crate::Plan::guards`].
    GuardId
    /// Index into [`crate::Plan::settings`].
    SettingsId
    /// Index into [`crate::Plan::interpreters`].
    InterpreterId
    /// Index into [`crate::Plan::hosts`].
    HostId
}
