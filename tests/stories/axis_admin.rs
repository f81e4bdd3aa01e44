//! An admin looks after the connections to axes.

use axis::Message;
use testkit::hub_box::HubBox;

use crate::axis_cast::{OURS, Sandbox, eventually, packet};
use crate::cast::Cast;

#[tokio::test]
async fn a_hub_that_is_connected_fetches_what_waits_at_the_axis() {
    let sandbox = Sandbox::start().await;
    let hub = HubBox::start_with_axes(&[("sandbox", sandbox.ours())], |_| {}).await.unwrap();
    let _cast = Cast::on(hub).await;
    sandbox.send(Message::Edoc, packet(&["H12.31.01"], 1)).await;
    eventually("the packet's acknowledgement", async || (sandbox.waiting(OURS).await == 0).then_some(())).await;
}
