//! The rules, one file each. The order is that of worth to somebody who is on call.

use crate::rule::Rule;

macro_rules! rules {
    ($($name:ident)*) => {
        $(pub mod $name;)*
        pub const RULES: &[&Rule] = &[$(&$name::RULE),*];
    };
}

rules! {
    act_without_undo
    destructive_unconfirmed
    look_that_writes
    cluster_without_guard
    hard_coded_secret
    pipe_hides_failure
    curl_without_fail
    lost_shell_state
    retry_not_repeatable
    no_timeout
    needs_terminal
    stream_without_live
    sudo_may_ask
    checkpoint_without_check
    unreachable_step
    todo_left
    no_owner
    allow_without_reason
    unused_allow
}
