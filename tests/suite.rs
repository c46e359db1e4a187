//! The one integration binary. Each module walks the cases of its own folder, or holds a law of the house.

mod book;
mod house;
mod laws;
mod practice;
mod runbooks;
