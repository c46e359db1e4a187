use crate::args;
use crate::exit::Exit;
pub fn run(_: &args::Run) -> Exit { Exit::Bug }
pub fn resume(_: &args::Resume) -> Exit { Exit::Bug }
pub fn undo(_: &args::Undo) -> Exit { Exit::Bug }
