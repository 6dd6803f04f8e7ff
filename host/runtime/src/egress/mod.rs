//! The one door through which a guest's requests leave: what is decided about each (`door`), how a connection is made to an address that
//! was checked (`connect`), and what may come back (`body`). The rules themselves are the domain's.

mod body;
mod connect;
mod door;
mod resolve;

pub use door::{Door, Pass};
pub use resolve::{Resolve, SystemResolver};
