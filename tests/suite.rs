//! The one integration binary. Each module walks the cases of its own folder, or holds a law of the house.

mod book;
mod corpus;
mod fmt;
mod house;
mod laws;
mod practice;
mod render;
mod runbooks;
