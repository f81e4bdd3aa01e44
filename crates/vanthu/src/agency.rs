//! `vanthu agency import|export|import-signers`: the directory of a running hub and who signs for whom, as its admin.

use std::path::PathBuf;

use api::v1::agency_service_client::AgencyServiceClient;
use api::v1::trust_service_client::TrustServiceClient;
use api::v1::{ExportDirectoryRequest, ImportAuthorisedSignersRequest, ImportDirectoryRequest};
use tonic::transport::Channel;

use crate::arguments::{Agency, AgencyCommand, Hub};
use crate::serve::{self, Outcome};

pub(crate) async fn run(arguments: &Agency) -> Outcome {
    match &arguments.command {
        AgencyCommand::Import { hub, agencies, successions, groups } => {
            let request = ImportDirectoryRequest {
                agencies_csv: joined(agencies)?,
                successions_csv: joined(successions.as_slice())?,
                groups_csv: joined(groups.as_slice())?,
                ..Default::default()
            };
            let answer = client(hub).await?.import_directory(request).await.map_err(|status| status.message().to_owned())?;
            let answer = answer.into_inner();
            println!(
                "{} agencies, {} successions and {} groups were read",
                answer.agency_count, answer.succession_count, answer.group_count
            );
        }
        AgencyCommand::Export { hub } => {
            let answer = client(hub)
                .await?
                .export_directory(ExportDirectoryRequest::default())
                .await
                .map_err(|status| status.message().to_owned())?;
            print!("{}", answer.into_inner().agencies_csv);
        }
        AgencyCommand::ImportSigners { hub, signers, validate_only } => {
            let request = ImportAuthorisedSignersRequest { signers_csv: joined(signers)?, validate_only: *validate_only };
            let mut client = TrustServiceClient::new(channel(hub).await?);
            let answer = client.import_authorised_signers(request).await.map_err(|status| status.message().to_owned())?;
            println!("{} authorised signers were read", answer.into_inner().signer_count);
        }
    }
    Ok(0)
}

async fn client(at: &Hub) -> Result<AgencyServiceClient<Channel>, Box<dyn std::error::Error>> {
    Ok(AgencyServiceClient::new(channel(at).await?).max_decoding_message_size(64 << 20).max_encoding_message_size(64 << 20))
}

async fn channel(at: &Hub) -> Result<Channel, Box<dyn std::error::Error>> {
    let address = match &at.address {
        Some(address) => address.clone(),
        None => serve::config(&at.home)?.listen.grpc.to_string(),
    };
    Ok(hub::client::connect(&at.home, &address, hub::home::FIRST_ADMIN).await?)
}

/// The files one after the other; the header is that of the first.
fn joined(files: &[PathBuf]) -> Result<String, String> {
    let mut text = String::new();
    for (i, path) in files.iter().enumerate() {
        let file = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut header_seen = false;
        for line in file.lines() {
            let is_header = !header_seen && !line.starts_with('#') && !line.trim().is_empty();
            header_seen |= is_header;
            if !(is_header && i > 0) {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    Ok(text)
}
