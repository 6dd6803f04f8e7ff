//! The store that several hosts share: everything in Redis, be it one server, the master that Sentinels name, or a Cluster.
//!
//! How things stay whole when there are several keys. All of one tenant's keys are changed by one script, hence in one step. Three
//! things involve keys in other slots, and each has one key that decides whether the thing exists; it is written last and
//! removed first, and readers believe it alone:
//! - a tenant exists when its record is there *and* the index `tenants` names it. Created: record, then index. Deleted: all of
//!   the tenant's own keys in one step, then the index. A crash between leaves a record that nobody can find, or an entry in the
//!   index without a record, which the next tenant of that slug takes over.
//! - a tenant's API key exists when the tenant's `keys` names it. Created: record, then `keys`. Deleted the other way round. A
//!   crash between leaves a record that opens nothing.
//! - contents are named by their digest and put before any record that names them.
//!
//! So `tenants` can be made again from the tenants' records, and `names`, `numbers` and `order` from the hashes beside them. What
//! crashes leave behind costs space only. So do contents that no record names any more; those of a deleted tenant are removed
//! after it (`blobs`).
//!
//! How durable a write is depends on the server: with `appendfsync always` nothing acknowledged is lost when it crashes, with
//! `everysec` up to a second. Where another server takes over, what replicas do not have is lost; so writes wait until as many
//! replicas as `wait_replicas` says have them. A write that too few have is reported as failed and may still be there.

mod address;
mod answers;
mod api_keys;
mod archive;
mod audit;
mod blobs;
mod clock;
mod cluster;
mod failure;
mod functions;
mod keys;
mod link;
mod logs;
mod notices;
mod options;
mod order;
mod rates;
mod restore;
mod routes;
mod runs;
mod scripts;
mod series;
mod servers;
mod store;
mod stored;
mod tenants;

pub use options::RedisOptions;
pub use store::RedisStore;
