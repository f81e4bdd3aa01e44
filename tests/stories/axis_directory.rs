//! Office systems look for receivers in the directory of an axis.

use api::v1;
use api::v1::axis_service_client::AxisServiceClient;
use hub::config::Span;
use testkit::hub_box::HubBox;
use tonic::Code;
use tonic::transport::Channel;

use crate::axis_cast::{Sandbox, eventually};
use crate::cast::{COMMUNE, Cast, DEPARTMENT, reason};

/// What the operator of the axis has beside the centres.
const LISTED: &str = "\
code,old_code,name,parent,center,closed,successors
H41.15,000.00.15.H41,Sở Tài chính tỉnh Nghệ An,H41,H41,false,
H41.16,000.00.16.H41,Sở Xây dựng tỉnh Nghệ An,H41,H41,false,
H41.17,000.00.17.H41,Sở Giao thông vận tải tỉnh Nghệ An,H41,H41,true,H41.16
H41.201,,Ủy ban nhân dân xã Quỳnh Lưu,H41,H41,false,
";

async fn search(channel: &Channel, query: &str) -> v1::SearchAxisDirectoryResponse {
    let request = v1::SearchAxisDirectoryRequest { query: query.into(), ..Default::default() };
    AxisServiceClient::new(channel.clone()).search_axis_directory(request).await.unwrap().into_inner()
}

/// The codes of the entries that are found.
async fn codes(channel: &Channel, query: &str) -> Vec<String> {
    search(channel, query).await.entries.into_iter().map(|entry| entry.code).collect()
}

async fn start() -> (Sandbox, Cast) {
    let sandbox = Sandbox::start().await;
    for agency in axis::sandbox::directory(LISTED.as_bytes()).unwrap() {
        sandbox.running.put_agency(agency).await.unwrap();
    }
    let axes = [("national", sandbox.ours())];
    let hub = HubBox::start_with_axes(&axes, |config| {
        for settings in config.axis.values_mut() {
            settings.directory = Span(std::time::Duration::from_millis(100));
        }
    });
    let cast = Cast::on(hub.await.unwrap()).await;
    (sandbox, cast)
}

#[tokio::test]
async fn an_office_system_finds_receivers_that_the_hub_has_never_met() {
    let (sandbox, cast) = start().await;
    let _system = cast.system(COMMUNE).await;
    let system = cast.hub.connect("system-0").await.unwrap();
    eventually("the directory", async || (!codes(&system, "H41").await.is_empty()).then_some(())).await;

    let found = search(&system, "so tai ch nghe an").await;
    let department = v1::AxisDirectoryEntry {
        axis: "axes/national".into(),
        code: "H41.15".into(),
        old_code: "000.00.15.H41".into(),
        display_name: "Sở Tài chính tỉnh Nghệ An".into(),
        parent_code: "H41".into(),
        center_code: "H41".into(),
        standing: v1::AxisDirectoryStanding::Listed.into(),
        agency: String::new(),
    };
    assert_eq!(found.entries, [department]);
    for query in ["H41.15", "000.00.15.H41", "SỞ TÀI CHÍNH NGHỆ"] {
        assert_eq!(search(&system, query).await.entries, found.entries, "{query}");
    }
    let directory = &found.directories[0];
    assert_eq!((directory.agency_count, directory.entry_count, directory.version), (10, 11, 11));
    assert!(directory.sync_time.is_some());
    // Who is here already is addressed by name.
    assert_eq!(search(&system, "H12.15").await.entries[0].agency, format!("agencies/{DEPARTMENT}"));
    // Who has been closed is told, not hidden: old documents name it.
    let closed = &search(&system, "giao thong").await.entries[0];
    assert_eq!((closed.code.as_str(), closed.standing()), ("H41.17", v1::AxisDirectoryStanding::Closed));

    // What the operator changes arrives by itself.
    let moved = axis::sandbox::directory("code,name,parent,center\nH41.18,Sở Nội vụ tỉnh Nghệ An,H41,H41\n".as_bytes()).unwrap().remove(0);
    sandbox.running.put_agency(moved).await.unwrap();
    eventually("the new agency", async || (codes(&system, "noi vu nghe an").await == ["H41.18"]).then_some(())).await;
}

#[tokio::test]
async fn an_outage_of_the_directory_is_told_and_takes_nothing_away() {
    let (sandbox, mut cast) = start().await;
    let admin = cast.hub.connect("admin").await.unwrap();
    eventually("the directory", async || (!codes(&admin, "H41").await.is_empty()).then_some(())).await;
    sandbox.running.set_faults(axis::sandbox::Faults { web_page: 1.0, ..Default::default() });
    let failed = async || search(&admin, "quynh luu").await.directories.remove(0).failure_time.map(|_| ());
    eventually("the failure", failed).await;
    let found = search(&admin, "quynh luu").await;
    assert_eq!(found.entries[0].code, "H41.201");
    assert!(found.directories[0].failure.contains("web page"), "{}", found.directories[0].failure);
    // A hub that starts while the axis is away knows the directory from its last run.
    cast.hub.stop().await.unwrap();
    cast.hub.serve().await.unwrap();
    let admin = cast.hub.connect("admin").await.unwrap();
    assert_eq!(codes(&admin, "quynh luu").await, ["H41.201"]);
    // Why it failed is for those who can do something about it.
    let _system = cast.system(COMMUNE).await;
    let system = cast.hub.connect("system-0").await.unwrap();
    let told = async || search(&system, "H41").await.directories.remove(0).failure_time.map(|_| ());
    eventually("the failure", told).await;
    assert_eq!(search(&system, "H41").await.directories[0].failure, "");
}

#[tokio::test]
async fn a_search_that_says_nothing_is_refused() {
    let (_sandbox, cast) = start().await;
    let admin = cast.hub.connect("admin").await.unwrap();
    let ask = async |request| AxisServiceClient::new(admin.clone()).search_axis_directory(request).await.map(|_| ()).unwrap_err();
    let request = |query: &str, axis: &str| v1::SearchAxisDirectoryRequest { query: query.into(), axis: axis.into(), limit: 0 };
    let long = "x".repeat(201);
    for wrong in [
        request(" ", ""),
        request(&long, ""),
        request("H12", "national"),
        v1::SearchAxisDirectoryRequest { limit: -1, ..request("H12", "") },
    ] {
        let refused = ask(wrong.clone()).await;
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "FIELD_INVALID"), "{wrong:?}");
    }
    assert_eq!(ask(request("H12", "axes/nowhere")).await.code(), Code::NotFound);
}
