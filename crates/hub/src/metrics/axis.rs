//! What is measured of connections to axes. The connections are those of the configuration, and bound the labels.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::axis::Connection;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::axis::View;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    connection: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PacketLabels {
    connection: String,
    direction: &'static str,
    kind: &'static str,
}

type Gauges = Family<ConnectionLabels, Gauge<i64>>;
type Counters = Family<ConnectionLabels, Counter<u64, AtomicU64>>;

/// The metrics of all connections. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct AxisMetrics {
    success_age: Gauges,
    poll_age: Gauges,
    oldest_waiting: Gauges,
    waiting: Gauges,
    dead: Gauges,
    quarantined: Gauges,
    stopped: Gauges,
    failure_streak: Gauges,
    packets: Family<PacketLabels, Counter<u64, AtomicU64>>,
    set_aside: Counters,
    given_up: Counters,
    failures: Counters,
}

impl AxisMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let this = Self::default();
        let mut seconds = |name: &str, help: &str, gauges: &Gauges| {
            registry.register_with_unit(name, help, Unit::Seconds, gauges.clone());
        };
        seconds("axis_success_age", "Time since a call to the axis last worked", &this.success_age);
        seconds("axis_poll_age", "Time since the axis was last asked for what came in, with success", &this.poll_age);
        seconds("axis_oldest_waiting", "Time that the oldest waiting item of the outbox has waited", &this.oldest_waiting);
        let mut gauge = |name: &str, help: &str, gauges: &Gauges| registry.register(name, help, gauges.clone());
        gauge("axis_waiting_items", "Items of the outbox that wait to go", &this.waiting);
        gauge("axis_dead_items", "Items of the outbox that were given up and wait for an admin", &this.dead);
        gauge("axis_quarantined_packets", "Packets that could not be taken in and wait for an admin", &this.quarantined);
        gauge("axis_stopped", "1 while a connection makes no calls because its credentials were refused", &this.stopped);
        gauge("axis_failure_streak", "Failures since the last call that worked", &this.failure_streak);
        registry.register("axis_packets", "Packets that were carried, by direction and kind", this.packets.clone());
        let mut counter = |name: &str, help: &str, counters: &Counters| registry.register(name, help, counters.clone());
        counter("axis_packets_set_aside", "Packets that could not be taken in", &this.set_aside);
        counter("axis_items_given_up", "Items of the outbox that were given up", &this.given_up);
        counter("axis_failures", "Calls to the axis that failed", &this.failures);
        this
    }

    pub(super) fn set(&self, connection: &Connection, view: &View) {
        let labels = ConnectionLabels { connection: connection.to_string() };
        let gauge = |gauges: &Gauges, value: i64| {
            gauges.get_or_create(&labels).set(value);
        };
        gauge(&self.success_age, seconds(view.success_age));
        gauge(&self.poll_age, seconds(view.poll_age));
        gauge(&self.oldest_waiting, seconds(view.oldest_waiting_age.unwrap_or_default()));
        gauge(&self.waiting, signed(view.outbox.waiting));
        gauge(&self.dead, signed(view.outbox.dead));
        gauge(&self.quarantined, signed(view.quarantined));
        gauge(&self.stopped, i64::from(view.health.stopped.is_some()));
        gauge(&self.failure_streak, view.health.failing.into());
        let counters = &view.health.counters;
        for (direction, kind, value) in [
            ("sent", "document", counters.documents_sent),
            ("sent", "status", counters.statuses_sent),
            ("received", "document", counters.documents_received),
            ("received", "status", counters.statuses_received),
        ] {
            let labels = PacketLabels { connection: connection.to_string(), direction, kind };
            store(&self.packets.get_or_create(&labels), value);
        }
        store(&self.set_aside.get_or_create(&labels), counters.quarantined);
        store(&self.given_up.get_or_create(&labels), counters.dead);
        store(&self.failures.get_or_create(&labels), counters.failures);
    }
}

/// The connector counts; the counter shows what it has counted since the hub started.
fn store(counter: &Counter<u64, AtomicU64>, value: u64) {
    counter.inner().store(value, Ordering::Relaxed);
}

fn seconds(age: Duration) -> i64 {
    signed(age.as_secs())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
