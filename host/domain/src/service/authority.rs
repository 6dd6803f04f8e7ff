//! What an invocation may send, put together: the ceiling, the policies that are set, and the secrets they may inject. How a request
//! is decided by it is in `egress`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::egress::{Egress, EgressPolicy, Layer};
use crate::function::Function;
use crate::ids::{Digest, EnvName};
use crate::secret::{CannotOpen, DataKey, MasterKey, Place, Sealed};
use crate::tenant::Tenant;

pub(super) struct Authority {
    ceiling: Arc<EgressPolicy>,
    master: MasterKey,
}

impl Authority {
    pub(super) fn new(ceiling: Option<Arc<EgressPolicy>>, master: MasterKey) -> Self {
        Self { ceiling: ceiling.unwrap_or_else(|| Arc::new(EgressPolicy::usual_ceiling())), master }
    }

    /// The authority of this tenant's code, of this function's where it is one's, and of this call where it brought rules.
    pub(super) fn of(&self, tenant: &Tenant, function: Option<&Function>, call: Option<Arc<EgressPolicy>>) -> Egress {
        let below = [
            (Layer::Tenant, tenant.egress.clone()),
            (Layer::Function, function.and_then(|function| function.egress.clone())),
            (Layer::Call, call),
        ];
        let mut layers: Vec<_> =
            below.into_iter().filter_map(|(layer, policy)| policy.map(|policy| (layer, policy))).collect();
        if layers.is_empty() {
            return Egress::none();
        }
        layers.insert(0, (Layer::Ceiling, tenant.ceiling.clone().unwrap_or_else(|| self.ceiling.clone())));
        let wanted = layers.iter().any(|(_, policy)| policy.rules.iter().any(|rule| !rule.inject.is_empty()));
        let secrets = if wanted { self.secrets(tenant, function) } else { BTreeMap::new() };
        let secrets = secrets.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
        Egress { layers, secrets }
    }

    /// The tenant's data key, opened; `None` while it has none.
    pub(super) fn data_key(&self, tenant: &Tenant) -> Result<Option<DataKey>, CannotOpen> {
        tenant.data_key.as_ref().map(|sealed| self.master.open_data_key(&tenant.id, sealed)).transpose()
    }

    /// An answer that is remembered under this place, and nowhere else.
    pub(super) fn seal_answer(&self, place: &Digest, answer: &[u8]) -> Sealed {
        self.master.seal_answer(place, answer)
    }

    pub(super) fn open_answer(&self, place: &Digest, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        self.master.open_answer(place, sealed)
    }

    /// The name of a page with a run's answer.
    pub(super) fn seal_preview(&self, name: &[u8]) -> Sealed {
        self.master.seal_preview(name)
    }

    pub(super) fn open_preview(&self, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        self.master.open_preview(sealed)
    }

    pub(super) fn make_data_key(&self, tenant: &Tenant) -> Sealed {
        self.master.make_data_key(&tenant.id)
    }

    /// What cannot be opened is left out: a rule that needs it then denies, and everything else goes on.
    fn secrets(&self, tenant: &Tenant, function: Option<&Function>) -> BTreeMap<EnvName, String> {
        let Ok(Some(key)) = self.data_key(tenant) else { return BTreeMap::new() };
        let of_function = function
            .iter()
            .flat_map(|function| function.secrets.iter().map(|(name, sealed)| (Some(&function.name), name, sealed)));
        let all = tenant.secrets.iter().map(|(name, sealed)| (None, name, sealed)).chain(of_function);
        let open = |(function, name, sealed): (_, &EnvName, &Sealed)| {
            let value = key.open(sealed, Place { tenant: tenant.id, function, name }).ok()?;
            Some((name.clone(), value))
        };
        all.filter_map(open).collect()
    }
}
