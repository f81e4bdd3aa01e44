//! A table that a person reads.

use api::v1;
use api::v1::step::Kind;

/// Prints steps as a table: sequence, Vietnam time, agency, what.
pub(crate) fn print_trace(steps: &[v1::Step]) {
    println!("  {:>5}  {:<8}  {:<28}  việc", "số", "giờ", "cơ quan");
    for step in steps {
        let agency = step.agency.trim_start_matches("agencies/");
        println!("  {:>5}  {:<8}  {:<28}  {}", step.seq, vietnam_time(step), agency, what(step));
    }
}

fn vietnam_time(step: &v1::Step) -> String {
    let seconds = step.step_time.as_ref().map_or(0, |time| time.seconds) + 7 * 3600;
    let of_day = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

fn what(step: &v1::Step) -> String {
    match &step.kind {
        Some(Kind::Submitted(_)) => "phát hành".into(),
        Some(Kind::Sent(sent)) => match (sent.role(), &sent.rerouted) {
            (_, Some(rerouted)) => format!("gửi (chuyển hướng từ {})", rerouted.from_agency.trim_start_matches("agencies/")),
            (v1::DeliveryRole::Forwarder, None) => "gửi qua cấp trên để chuyển tiếp".into(),
            (v1::DeliveryRole::SuperiorCopy, None) => "gửi bản sao cho cấp trên".into(),
            (_, None) => "gửi".into(),
        },
        Some(Kind::Arrived(arrived)) => match arrived.how() {
            v1::HandOver::Download => "01 đã đến (tải về)".into(),
            _ => "01 đã đến".into(),
        },
        Some(Kind::Reported(report)) => format!("{} {}", status(report.status()), report.note),
        Some(Kind::Forwarded(forwarded)) => format!("chuyển tiếp cho {}", forwarded.to.join(", ").replace("agencies/", "")),
        Some(Kind::Asked(asked)) if asked.asked() == v1::Asked::Recall => format!("13 lấy lại: {}", asked.reason),
        Some(Kind::Asked(asked)) => format!("đề nghị cập nhật: {}", asked.reason),
        Some(Kind::Amended(amended)) => format!("cập nhật thành bản {}: {}", amended.version, amended.reason),
        Some(Kind::StateChanged(changed)) => match changed.state() {
            v1::DocumentState::Recalled => "đã thu hồi, nội dung đã xóa".into(),
            v1::DocumentState::RecallPending => "đang thu hồi".into(),
            v1::DocumentState::RecallDeclined => "thu hồi không thành".into(),
            v1::DocumentState::Replaced => format!("được thay thế bởi {}", changed.replaced_by),
            _ => "còn hiệu lực".into(),
        },
        None => String::new(),
    }
}

fn status(status: v1::DeliveryStatus) -> &'static str {
    match status {
        v1::DeliveryStatus::Arrived => "01 đã đến",
        v1::DeliveryStatus::Refused => "02 từ chối tiếp nhận",
        v1::DeliveryStatus::Accepted => "03 đã tiếp nhận",
        v1::DeliveryStatus::Assigned => "04 phân công",
        v1::DeliveryStatus::InProgress => "05 đang xử lý",
        v1::DeliveryStatus::Done => "06 hoàn thành",
        v1::DeliveryStatus::TakeBackRequested => "13 lấy lại",
        v1::DeliveryStatus::TakeBackAgreed => "15 đồng ý trả lại",
        v1::DeliveryStatus::TakeBackDeclined => "16 từ chối trả lại",
        v1::DeliveryStatus::Sent | v1::DeliveryStatus::Unspecified => "đã gửi",
    }
}
