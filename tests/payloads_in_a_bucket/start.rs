//! A configuration that does not fit ends the start with a sentence that says what to mend, and `vanthu check` says the same.

use hub::config::{Config, S3};
use hub::payload_location;

use crate::bucket::{Bucket, write_secret};
use crate::hub;

async fn check(s3: S3, parts: &[&str]) {
    let refused = hub(s3.clone()).await.map(drop).unwrap_err().to_string();
    println!("{refused}");
    for part in parts {
        assert!(refused.contains(part), "{part:?} is not in: {refused}");
    }
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.payloads.s3 = Some(s3);
    let problems = payload_location::check(dir.path(), &dir.path().join("data"), &config.payloads).await;
    assert!(problems.iter().any(|problem| parts.iter().all(|part| problem.contains(part))), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn a_start_with_a_wrong_key_bucket_or_endpoint_says_what_to_mend() {
    let Some(mut bucket) = Bucket::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, secret: &str| {
        write_secret(&dir.path().join(name), secret);
        dir.path().join(name)
    };
    let good = bucket.s3();
    assert_eq!(payload_location::check(dir.path(), dir.path(), &with(good.clone()).payloads).await, [] as [String; 0]);

    check(S3 { secret_access_key_file: file("wrong", "another"), ..good.clone() }, &["secret_access_key_file is not that of"]).await;
    check(S3 { access_key_id: "nobody".into(), ..good.clone() }, &["knows no payloads.s3.access_key_id"]).await;
    check(S3 { access_key_id: "reader".into(), ..good.clone() }, &["must be allowed to put", "AccessDenied"]).await;
    check(S3 { bucket: "elsewhere".into(), ..good.clone() }, &["the bucket elsewhere at http://127.0.0.1", "payloads.s3.bucket"]).await;
    check(S3 { endpoint: bucket.endpoint().replace("127.0.0.1", "no-such-host.invalid"), ..good.clone() }, &["nobody answers"]).await;
    check(S3 { endpoint: bucket.endpoint().replace("http:", "https:"), ..good.clone() }, &["nobody answers"]).await;
    check(S3 { secret_access_key_file: dir.path().join("none"), ..good.clone() }, &["none cannot be read", "No such file"]).await;
    check(S3 { secret_access_key_file: file("empty", ""), ..good.clone() }, &["is empty"]).await;
    bucket.signal("-STOP");
    check(good.clone(), &["does not answer within 20 s"]).await;
    bucket.signal("-CONT");
    bucket.kill();
    check(good, &["nobody answers", "Connection refused"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts an S3 server"]
async fn a_secret_that_others_may_read_is_found_by_a_check() {
    use std::os::unix::fs::PermissionsExt;
    let Some(bucket) = Bucket::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let s3 = bucket.s3();
    std::fs::set_permissions(&s3.secret_access_key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let problems = payload_location::check(dir.path(), dir.path(), &with(s3).payloads).await;
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("s3.secret may be read by others (mode 644)"), "{problems:?}");
}

fn with(s3: S3) -> Config {
    let mut config = Config::default();
    config.payloads.s3 = Some(s3);
    config
}
