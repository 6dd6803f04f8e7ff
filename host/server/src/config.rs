//! Settings: the built-in `deploy/isolet.toml`, then a file, then `ISOLET_…` variables, then flags. Read once at start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::egress_table::EgressTable;
use crate::kept_tables::{LogsTable, MetricsTable};
use crate::origin::Origin;
use crate::tls::Files;
use crate::walls::Sandbox;
use anyhow::{Context as _, Result, anyhow};
use isolet_domain::limits::{Admission, Budgets, LimitBounds, Limits};
use isolet_domain::service::PlatformConfig;
use isolet_runtime::config::RuntimeConfig;
use isolet_storage::StorageConfig;
use serde::Deserialize;
use toml::{Table, Value};

/// The manual of all settings, and their defaults.
const DEFAULTS: &str = include_str!("../../../deploy/isolet.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub control_plane: ControlPlaneConfig,
    pub ingress: IngressConfig,
    pub storage: StorageConfig,
    pub runtime: RuntimeTable,
    pub limits: LimitsTable,
    pub plans: BTreeMap<String, PlanTable>,
    pub admission: AdmissionTable,
    pub audit: AuditTable,
    pub history: HistoryTable,
    pub logs: LogsTable,
    pub metrics: MetricsTable,
    pub egress: EgressTable,
}

/// The `[server]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    pub data_dir: PathBuf,
    pub drain_s: u64,
    pub sandbox: Sandbox,
    pub log_format: LogFormat,
}

/// How the host's own log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

const LEAST_BODY_MEMORY_MIB: usize = 256;
const MOST_BODY_MEMORY_MIB: usize = 1 << 20;

/// The `[control_plane]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPlaneConfig {
    pub address: SocketAddr,
    pub allowed_hosts: Vec<String>,
    pub behind_proxy: bool,
    pub body_memory_mib: usize,
    pub public_url: Option<Origin>,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
}

impl ControlPlaneConfig {
    pub(crate) fn tls(&self) -> Option<Files> {
        files(self.tls_certificate.as_ref(), self.tls_key.as_ref())
    }
}

fn files(certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> Option<Files> {
    Some(Files { certificate: certificate?.clone(), key: key?.clone() })
}

/// The `[ingress]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngressConfig {
    pub address: SocketAddr,
    pub base_domain: String,
    pub public_url: Option<Origin>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub head_timeout_ms: u64,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
}

impl IngressConfig {
    pub(crate) fn tls(&self) -> Option<Files> {
        files(self.tls_certificate.as_ref(), self.tls_key.as_ref())
    }
}

/// The `[runtime]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeTable {
    pub max_instances: u32,
    pub memory_budget_mib: usize,
    pub component_cache_mib: u64,
    pub max_builds: usize,
    pub max_queued_builds: usize,
    pub keep_resident_mib: usize,
    pub verify_memories: bool,
}

/// The `[limits]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsTable {
    pub cpu_ms: u64,
    pub wall_ms: u64,
    pub streaming_wall_ms: u64,
    pub memory_mib: u64,
    pub request_body_mib: u64,
    pub response_body_mib: u64,
    pub log_kib: u64,
    pub subrequests: u32,
    pub wait_until_ms: u64,
    pub startup_cpu_ms: u64,
    pub build_cpu_ms: u64,
}

/// One of the `[plans.…]` tables: what is not mentioned is as in `[limits]` and `[admission]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlanTable {
    pub cpu_ms: Option<u64>,
    pub wall_ms: Option<u64>,
    pub streaming_wall_ms: Option<u64>,
    pub memory_mib: Option<u64>,
    pub request_body_mib: Option<u64>,
    pub response_body_mib: Option<u64>,
    pub log_kib: Option<u64>,
    pub subrequests: Option<u32>,
    pub wait_until_ms: Option<u64>,
    pub startup_cpu_ms: Option<u64>,
    pub build_cpu_ms: Option<u64>,
    pub concurrency: Option<u32>,
    pub rate_per_second: Option<u32>,
    pub cpu_ms_per_minute: Option<u64>,
    pub egress_mib_per_minute: Option<u64>,
    pub log_kib_per_minute: Option<u64>,
    pub stored_mib: Option<u64>,
    pub versions_kept: Option<u32>,
}

impl PlanTable {
    fn bounds(&self) -> LimitBounds {
        let ms = |time: Option<u64>| time.map(Duration::from_millis);
        LimitBounds {
            cpu: ms(self.cpu_ms),
            wall: ms(self.wall_ms),
            streaming_wall: ms(self.streaming_wall_ms),
            memory_bytes: self.memory_mib.map(|mib| mib << 20),
            request_body_bytes: self.request_body_mib.map(|mib| mib << 20),
            response_body_bytes: self.response_body_mib.map(|mib| mib << 20),
            log_bytes: self.log_kib.map(|kib| kib << 10),
            subrequests: self.subrequests,
            wait_until: ms(self.wait_until_ms),
            startup_cpu: ms(self.startup_cpu_ms),
            build_cpu: ms(self.build_cpu_ms),
            concurrency: self.concurrency,
            rate_per_second: self.rate_per_second,
            cpu_per_minute: ms(self.cpu_ms_per_minute),
            egress_bytes_per_minute: self.egress_mib_per_minute.map(|mib| mib << 20),
            log_bytes_per_minute: self.log_kib_per_minute.map(|kib| kib << 10),
            stored_bytes: self.stored_mib.map(|mib| mib << 20),
            versions_kept: self.versions_kept,
        }
    }
}

/// The `[admission]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionTable {
    pub concurrency: u32,
    pub queue: u32,
    pub queue_wait_ms: u64,
    pub rate_per_second: u32,
    pub suspension_grace_ms: u64,
    pub cpu_ms_per_minute: Option<u64>,
    pub egress_mib_per_minute: Option<u64>,
    pub log_kib_per_minute: Option<u64>,
    pub stored_mib: u64,
}

/// The `[audit]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditTable {
    pub kept: u64,
}

/// The `[history]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryTable {
    pub kept: usize,
}

impl Config {
    /// Defaults, file and variables together. `variables` are the process's environment.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, or a value of the wrong kind; each names itself.
    pub fn load(file: Option<&Path>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut table: Table = DEFAULTS.parse().context("the built-in settings are broken")?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            let given: Table = text.parse().with_context(|| format!("`{}` is not valid TOML", path.display()))?;
            merge(&mut table, given);
        }
        for (name, value) in variables {
            if let Some(path) = name.strip_prefix("ISOLET_").filter(|path| path.contains("__")) {
                set(&mut table, &name, &path.to_ascii_lowercase(), &value)?;
            }
        }
        table.try_into().context("a setting is not understood")
    }

    /// Refuses what would put the host on a network unprotected.
    ///
    /// # Errors
    /// Says what to change.
    pub fn check(&self) -> Result<()> {
        let (control_plane, ingress) = (&self.control_plane, &self.ingress);
        let listeners = [
            ("control_plane", control_plane.address, &control_plane.tls_certificate, &control_plane.tls_key),
            ("ingress", ingress.address, &ingress.tls_certificate, &ingress.tls_key),
        ];
        for (table, address, certificate, key) in listeners {
            if certificate.is_some() != key.is_some() {
                return Err(anyhow!("[{table}] `tls_certificate` and `tls_key` go together: one of them is missing"));
            }
            if !address.ip().is_loopback() && certificate.is_none() && !control_plane.behind_proxy {
                return Err(anyhow!(
                    "[{table}] address {address} is not loopback: give it a `tls_certificate` and its `tls_key`, or put a proxy that \
                     terminates TLS in front and say so with `behind_proxy = true` under [control_plane] \
                     (or ISOLET_CONTROL_PLANE__BEHIND_PROXY=true)"
                ));
            }
        }
        if !(LEAST_BODY_MEMORY_MIB..=MOST_BODY_MEMORY_MIB).contains(&control_plane.body_memory_mib) {
            return Err(anyhow!(
                "[control_plane] `body_memory_mib` is {}, and must be {LEAST_BODY_MEMORY_MIB} to {MOST_BODY_MEMORY_MIB}: a tenant may have \
                 a quarter of it, and code comes in bodies of up to 64 MiB",
                control_plane.body_memory_mib
            ));
        }
        let elsewhere = |public: &&Origin| !public.host.eq_ignore_ascii_case(&ingress.base_domain);
        if let Some(public) = ingress.public_url.as_ref().filter(elsewhere) {
            return Err(anyhow!(
                "[ingress] `public_url` is where names under `base_domain` are reached, so its host is {}, not {}",
                ingress.base_domain,
                public.host
            ));
        }
        Ok(())
    }

    /// Whether it serves others than this machine.
    pub(crate) fn is_open(&self) -> bool {
        let open = |address: SocketAddr| !address.ip().is_loopback();
        self.control_plane.behind_proxy || open(self.control_plane.address) || open(self.ingress.address)
    }

    /// Folders and files that are read while the host starts and runs, beside its own folder.
    pub(crate) fn places_read(&self) -> Vec<PathBuf> {
        let tls = [self.control_plane.tls(), self.ingress.tls()];
        let folders = tls.iter().flatten().flat_map(Files::folders);
        // Read once, when the store is opened: no folder is needed to find its successor.
        folders.chain(self.storage.redis.ca_file.clone()).collect()
    }

    pub fn runtime(&self) -> RuntimeConfig {
        let (defaults, table) = (RuntimeConfig::default(), &self.runtime);
        RuntimeConfig {
            cache_dir: Some(self.server.data_dir.join("engine")),
            // A host is started for long: what it builds stays in memory.
            kept_overlay_bytes: 0,
            max_instances: table.max_instances,
            memory_budget_bytes: match table.memory_budget_mib {
                0 => defaults.memory_budget_bytes,
                mib => mib << 20,
            },
            component_cache_bytes: table.component_cache_mib << 20,
            max_builds: if table.max_builds == 0 { defaults.max_builds } else { table.max_builds },
            max_queued_builds: table.max_queued_builds,
            keep_resident_bytes: table.keep_resident_mib << 20,
            verify_memories: table.verify_memories,
            ..defaults
        }
    }

    pub fn platform(&self) -> PlatformConfig {
        let ms = Duration::from_millis;
        let (limits, admission, shared) = (&self.limits, &self.admission, self.storage.redis.url.is_some());
        PlatformConfig {
            limits: Limits {
                cpu: ms(limits.cpu_ms),
                wall: ms(limits.wall_ms),
                streaming_wall: ms(limits.streaming_wall_ms),
                memory_bytes: limits.memory_mib << 20,
                request_body_bytes: limits.request_body_mib << 20,
                response_body_bytes: limits.response_body_mib << 20,
                log_bytes: limits.log_kib << 10,
                subrequests: limits.subrequests,
                wait_until: ms(limits.wait_until_ms),
                startup_cpu: ms(limits.startup_cpu_ms),
                build_cpu: ms(limits.build_cpu_ms),
                ..Limits::DEFAULT
            }
            .tightened_by(Limits::MAX),
            admission: Admission {
                concurrency: admission.concurrency,
                concurrency_of_all: self.runtime.max_instances,
                queue: admission.queue,
                queue_wait: ms(admission.queue_wait_ms),
                rate_per_second: admission.rate_per_second,
                stored_bytes: (admission.stored_mib != 0).then_some(admission.stored_mib << 20),
                budgets: Budgets {
                    cpu: admission.cpu_ms_per_minute.map(ms),
                    egress_bytes: admission.egress_mib_per_minute.map(|mib| mib << 20),
                    log_bytes: admission.log_kib_per_minute.map(|kib| kib << 10),
                },
            },
            suspension_grace: ms(admission.suspension_grace_ms),
            plans: (!self.plans.is_empty())
                .then(|| Arc::new(self.plans.iter().map(|(name, plan)| (name.clone(), plan.bounds())).collect())),
            history_kept: self.history.kept,
            audit_kept: self.audit.kept,
            logs: self.logs.rules(),
            activity: self.metrics.rules(),
            ..if shared { PlatformConfig::SHARED } else { PlatformConfig::ALONE }
        }
    }
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Sets `a__b` to a value that is read as TOML where it is TOML, and as text otherwise.
fn set(table: &mut Table, name: &str, path: &str, value: &str) -> Result<()> {
    let parsed = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    let mut parts: Vec<&str> = path.split("__").collect();
    let last = parts.pop().unwrap_or_default();
    let mut at = table;
    for part in parts {
        at = at
            .get_mut(part)
            .and_then(Value::as_table_mut)
            .ok_or_else(|| anyhow!("the variable {name} names no settings table `{part}`"))?;
    }
    at.insert(last.to_owned(), parsed.unwrap_or_else(|| Value::String(value.to_owned())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use isolet_domain::service::activity::ActivityRules;
    use isolet_domain::service::log_buffer::LogRules;

    use super::*;

    #[test]
    fn the_manual_is_the_defaults() {
        let config = Config::load(None, []).expect("the built-in settings are whole");
        config.check().expect("the defaults are safe");
        let platform = config.platform();
        assert_eq!((platform.limits, platform.admission), (Limits::DEFAULT, Admission::DEFAULT));
        assert_eq!((platform.logs, platform.activity), (LogRules::DEFAULT, ActivityRules::DEFAULT));
        assert_eq!(config.egress.policy().expect("valid").rules.len(), 1);
    }

    /// Whoever sets more learns it from the manual alone.
    #[test]
    fn the_manual_names_the_most_of_each_limit() {
        let (max, ms) = (Limits::MAX, |time: Duration| u64::try_from(time.as_millis()).expect("small"));
        for (name, most) in [
            ("cpu_ms", ms(max.cpu)),
            ("wall_ms", ms(max.wall)),
            ("streaming_wall_ms", ms(max.streaming_wall)),
            ("memory_mib", max.memory_bytes >> 20),
            ("request_body_mib", max.request_body_bytes >> 20),
            ("response_body_mib", max.response_body_bytes >> 20),
            ("log_kib", max.log_bytes >> 10),
            ("subrequests", max.subrequests.into()),
            ("wait_until_ms", ms(max.wait_until)),
            ("startup_cpu_ms", ms(max.startup_cpu)),
            ("build_cpu_ms", ms(max.build_cpu)),
        ] {
            let (begin, end) = (format!("{name} = "), format!("# at most {most}"));
            assert!(DEFAULTS.lines().any(|line| line.starts_with(&begin) && line.ends_with(&end)), "{name}: {most}");
        }
    }

    #[test]
    fn files_and_variables_change_single_keys_and_unknown_ones_are_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("isolet.toml");
        std::fs::write(&file, "[limits]\ncpu_ms = 7\n").expect("written");
        let variables = [("ISOLET_INGRESS__ADDRESS".to_owned(), "127.0.0.1:0".to_owned())];
        let config = Config::load(Some(&file), variables).expect("valid");
        assert_eq!((config.limits.cpu_ms, config.ingress.address.port(), config.limits.wall_ms), (7, 0, 10_000));
        std::fs::write(&file, "[limits]\ncpu = 7\n").expect("written");
        assert!(format!("{:#}", Config::load(Some(&file), []).expect_err("refused")).contains("cpu"));
        assert!(Config::load(None, [("ISOLET_NOPE__X".to_owned(), "1".to_owned())]).is_err());
    }

    #[test]
    fn what_is_read_elsewhere_is_known_before_the_walls_close() {
        let set = |names: &[(&str, &str)]| {
            let variables = names.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Config::load(None, variables.collect::<Vec<_>>()).expect("valid").places_read()
        };
        let (certificate, key) =
            (("ISOLET_INGRESS__TLS_CERTIFICATE", "/c/i.pem"), ("ISOLET_INGRESS__TLS_KEY", "/k/i.key"));
        let authorities = ("ISOLET_STORAGE__REDIS__CA_FILE", "/r/ca.pem");
        assert_eq!(set(&[]), Vec::<PathBuf>::new());
        assert_eq!(set(&[authorities]), ["/r/ca.pem"].map(PathBuf::from));
        assert_eq!(set(&[certificate, key, authorities]), ["/c", "/k", "/r/ca.pem"].map(PathBuf::from));
    }

    #[test]
    fn a_plan_says_what_is_different() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("isolet.toml");
        std::fs::write(&file, "[plans.gold]\ncpu_ms = 900\nmemory_mib = 128\nconcurrency = 64\n").expect("written");
        let plans = Config::load(Some(&file), []).expect("valid").platform().plans.expect("there is one");
        let expected = LimitBounds {
            cpu: Some(Duration::from_millis(900)),
            memory_bytes: Some(128 << 20),
            concurrency: Some(64),
            ..LimitBounds::default()
        };
        assert_eq!(plans["gold"], expected);
        std::fs::write(&file, "[plans.gold]\ncpu = 900\n").expect("written");
        assert!(Config::load(Some(&file), []).is_err());
    }

    #[test]
    fn an_open_address_needs_a_word_about_tls() {
        let variables = [("ISOLET_INGRESS__ADDRESS".to_owned(), "0.0.0.0:8080".to_owned())];
        let config = Config::load(None, variables).expect("valid");
        assert!(config.check().expect_err("refused").to_string().contains("behind_proxy"));
        let with = |more: &[(&str, &str)]| {
            let address = ("ISOLET_INGRESS__ADDRESS", "0.0.0.0:8443");
            let all = [&[address], more].concat().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            Config::load(None, all.collect::<Vec<_>>()).expect("valid").check()
        };
        let (certificate, key) = (("ISOLET_INGRESS__TLS_CERTIFICATE", "/c.pem"), ("ISOLET_INGRESS__TLS_KEY", "/k.pem"));
        assert!(with(&[certificate, key]).is_ok());
        for half in [certificate, key] {
            assert!(with(&[half]).expect_err("refused").to_string().contains("go together"));
        }
    }
}
