//! The address that every client command takes.

use client::{ClientOptions, Cluster};
use env::Env;
use env::net::Net;
use std::time::Duration;

/// Which cluster, and how patient to be.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Bootstrap {
    /// Address of a broker, host:port; several with commas
    #[arg(long, short = 'b', value_delimiter = ',', default_value = "127.0.0.1:9092")]
    bootstrap: Vec<String>,
    /// Seconds after which a call that cannot succeed gives up
    #[arg(long, default_value_t = 15)]
    timeout: u64,
}

impl Bootstrap {
    /// Returns the cluster.
    pub(crate) fn cluster(&self) -> Cluster {
        self.cluster_with(self.options())
    }

    /// Returns the cluster, with other limits and time-outs.
    pub(crate) fn cluster_with(&self, options: ClientOptions) -> Cluster {
        Cluster::new(Net::Real, &self.bootstrap, options)
    }

    /// Returns the cluster, for a command that moves offsets: it calls itself so, with the time, and the history of offsets
    /// tells all that it did by that.
    pub(crate) fn cluster_as(&self, command: &str) -> Cluster {
        let client_id = format!("highwater-group-{command}-{}", Env::real().clock.now().wall);
        let options = ClientOptions { client_id, ..self.options() };
        Cluster::new(Net::Real, &self.bootstrap, options)
    }

    /// Returns limits and time-outs.
    pub(crate) fn options(&self) -> ClientOptions {
        let call_timeout = Duration::from_secs(self.timeout.max(1));
        ClientOptions { call_timeout, ..ClientOptions::default() }
    }
}
