//! Payloads in a bucket of a real S3-compatible server: what holds for the folder holds there, and a server that is wrong, down or
//! silent costs an answer and never the hub.
//!
//! The tests start SeaweedFS, which nobody here wrote, and are ignored by default: they need its program.

mod bucket;
mod killed;
mod outage;
mod start;
mod stored;

use hub::config::{Config, S3};
use ring::digest::{SHA256, digest};
use testkit::hub_box::{Error, HubBox};
use tonic_types::StatusExt;

const PROVINCE: &str = "camau";
const COMMUNE: &str = "camau.xa";
const DIRECTORY: &str = "\
id,tier,kind,parent,name,short_name,code,old_code,code_provisional,valid_from,state
camau,province,peoples_committee,,Ủy ban nhân dân tỉnh Cà Mau,,H12,,false,2022-01-01,active
camau.xa,commune,peoples_committee,camau,Ủy ban nhân dân xã,,H12.31,,true,2022-01-01,active
";

/// A hub with a directory, whose payloads lie in the bucket.
async fn hub(s3: S3) -> Result<HubBox, Error> {
    let hub = HubBox::start_with(|config: &mut Config| config.payloads.s3 = Some(s3)).await?;
    hub.import(DIRECTORY, "", "").await?;
    Ok(hub)
}

/// Bytes of which no two megabytes are the same: a fixed sequence from a seed.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Knuth's MMIX generator; the upper half of its state is the better one.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state >> 32).to_be_bytes()[4..]);
    }
    bytes.truncate(length);
    bytes
}

/// The name that a payload's object must have in the bucket.
fn object_of(bytes: &[u8]) -> String {
    let name: String = digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("ca-mau/hub/objects/{}/{name}", &name[..2])
}

/// The stable reason of a refusal.
fn reason(status: &tonic::Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}
