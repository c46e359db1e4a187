//! The one integration binary. Each module walks the cases of its own folder, or holds a law of the house.

mod house;
mod practice;
