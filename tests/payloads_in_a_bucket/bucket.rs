//! A bucket of a real S3-compatible server, SeaweedFS, that a test starts, stops and looks into with the server's own tools.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hub::config::{Config, S3};

/// Names the server's program; otherwise `weed` is looked for on the PATH.
const PROGRAM: &str = "VANTHU_S3_SERVER";
/// The server is three servers in one and takes some seconds.
const PATIENCE: Duration = Duration::from_secs(90);
const GRPC_ABOVE: u16 = 10_000;
const SECRET: &str = "the+secret/of-the-key";
/// An access key without the right to make buckets, as a hub's should be.
const IDENTITIES: &str = r#"{"identities": [
    {"name": "hub", "credentials": [{"accessKey": "vanthu", "secretKey": "the+secret/of-the-key"}], "actions": ["Read", "Write", "List"]},
    {"name": "reader", "credentials": [{"accessKey": "reader", "secretKey": "the+secret/of-the-key"}], "actions": ["Read", "List"]}]}"#;

/// Certificate and key with which the server serves TLS, PEM files.
pub(crate) struct Tls<'a> {
    pub(crate) certificate: &'a Path,
    pub(crate) key: &'a Path,
}

/// A server with the bucket `vanthu`; killed when dropped.
pub(crate) struct Bucket {
    dir: tempfile::TempDir,
    program: PathBuf,
    arguments: Vec<String>,
    ports: [u16; 4],
    is_tls: bool,
    server: Option<Child>,
}

impl Bucket {
    /// `None` where there is no server's program: a test says so and ends.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// As [`Bucket::start`], over TLS.
    pub(crate) fn start_with(tls: Option<Tls<'_>>) -> Option<Self> {
        let Some(program) = program() else {
            println!("skipped 1 test: there is no S3 server here; put SeaweedFS's `weed` on the PATH or name it in {PROGRAM}");
            return None;
        };
        let dir = tempfile::Builder::new().prefix("vanthu-bucket-").tempdir().unwrap();
        std::fs::write(dir.path().join("identities.json"), IDENTITIES).unwrap();
        write_secret(&dir.path().join("s3.secret"), SECRET);
        for part in ["data", "log"] {
            std::fs::create_dir(dir.path().join(part)).unwrap();
        }
        let ports = free_ports();
        let within = |name: &str| dir.path().join(name).display().to_string();
        let mut arguments = vec![format!("-logdir={}", within("log")), "server".into(), format!("-dir={}", within("data"))];
        for part in ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"] {
            arguments.push(part.into());
        }
        arguments.extend(["-master.telemetry=false", "-master.volumeSizeLimitMB=1024", "-volume.max=32"].map(str::to_owned));
        arguments.push(format!("-s3.config={}", within("identities.json")));
        for (n, name) in ["master", "volume", "filer", "s3"].into_iter().enumerate() {
            arguments.push(format!("-{name}.port={}", ports[n]));
        }
        let is_tls = tls.is_some();
        if let Some(Tls { certificate, key }) = tls {
            arguments.push(format!("-s3.cert.file={}", certificate.display()));
            arguments.push(format!("-s3.key.file={}", key.display()));
        }
        let mut this = Self { dir, program, arguments, ports, is_tls, server: None };
        this.serve();
        let made = this.shell("s3.bucket.create -name vanthu");
        assert!(made.contains("created bucket vanthu"), "{made}");
        Some(this)
    }

    /// Serves (again), on the same ports, and waits until the server answers.
    pub(crate) fn serve(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        // A server that has read its identities refuses a request without a signature. Over TLS the port alone must do.
        self.wait_for("the server answers", |this| match this.is_tls {
            true => TcpStream::connect((Ipv4Addr::LOCALHOST, this.ports[3])).is_ok(),
            false => http(this.ports[3], "/").is_some_and(|answer| answer.starts_with("HTTP/1.1 403")),
        });
        // Until its parts have found each other the server takes requests and cannot carry them out.
        self.wait_for("the server has room", |this| http(this.ports[0], "/dir/assign").is_some_and(|answer| answer.contains("\"fid\"")));
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// SIGSTOP and SIGCONT: a server that takes connections and says nothing.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.server.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Where it is, for a hub.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.is_tls { "https" } else { "http" }, self.ports[3])
    }

    /// The section of a configuration that names it, as an operator writes it.
    pub(crate) fn section(&self) -> String {
        let secret = self.dir.path().join("s3.secret");
        format!(
            "[payloads.s3]\nendpoint = \"{}\"\nbucket = \"vanthu\"\nprefix = \"ca-mau/hub\"\naccess_key_id = \"vanthu\"\n\
             secret_access_key_file = \"{}\"\nallow_http = {}\n",
            self.endpoint(),
            secret.display(),
            !self.is_tls
        )
    }

    /// The section, read.
    pub(crate) fn s3(&self) -> S3 {
        Config::parse(&self.section(), std::iter::empty()).unwrap().payloads.s3.unwrap()
    }

    /// Everything that lies in the bucket, by the server's own listing: path and size in bytes.
    pub(crate) fn objects(&self) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        let mut open = vec!["/buckets/vanthu".to_owned()];
        while !open.is_empty() {
            let commands: Vec<_> = open.drain(..).map(|folder| format!("fs.ls -l {folder}")).collect();
            for line in self.shell(&commands.join("\n")).lines() {
                // drwxr-xr-x  1 root root 0 /buckets/… and -rw-r--r--  1 root root 102400 /buckets/…
                let words: Vec<_> = line.split_whitespace().collect();
                let (Some(mode), Some(path)) = (words.first(), words.iter().find(|word| word.starts_with("/buckets/"))) else { continue };
                let path = path.trim_end_matches('/').to_owned();
                if mode.starts_with('d') {
                    open.push(path);
                } else if mode.starts_with('-') {
                    found.push((path.trim_start_matches("/buckets/vanthu/").to_owned(), size(&words)));
                }
            }
        }
        found.sort();
        found
    }

    /// Runs commands, a line each, in the server's shell.
    pub(crate) fn shell(&self, commands: &str) -> String {
        let mut shell = Command::new(&self.program)
            .args([&format!("-logdir={}", self.dir.path().join("log").display()), "shell"])
            .args([format!("-master=127.0.0.1:{}", self.ports[0]), format!("-filer=127.0.0.1:{}", self.ports[2])])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A shell that ended early tells by its output.
        drop(writeln!(shell.stdin.take().unwrap(), "{commands}"));
        String::from_utf8_lossy(&shell.wait_with_output().unwrap().stdout).into_owned()
    }

    fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < PATIENCE, "waited for {PATIENCE:?}: {what}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes a secret as an operator should: mode 600.
pub(crate) fn write_secret(path: &Path, secret: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    writeln!(file, "{secret}").unwrap();
}

/// What a part of the server answers to a plain GET, if it does within a moment.
fn http(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(PROGRAM) {
        return Some(PathBuf::from(named));
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join("weed")).find(|path| path.is_file())
}

/// Ports that are free together with those 10,000 above them: there each part of the server speaks gRPC.
fn free_ports() -> [u16; 4] {
    let mut held = Vec::new();
    let mut found = Vec::new();
    while found.len() < 4 {
        let upper = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = upper.local_addr().unwrap().port() - GRPC_ABOVE;
        if let Ok(lower) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            found.push(port);
            held.push(lower);
        }
        held.push(upper);
    }
    found.try_into().unwrap()
}

fn size(words: &[&str]) -> u64 {
    words.iter().filter_map(|word| word.parse().ok()).next_back().unwrap_or_default()
}
