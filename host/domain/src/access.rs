//! Who may do what: credentials, and the tenant scope that every tenant-owned read or write demands. Only this
//! module builds one, from a verified credential or a route; how keys are made and checked is in `key`.

use crate::bounds::Bounds;
use crate::ids::{KeyId, TenantId, TenantSlug};
use crate::tenant::Tenant;

pub use crate::scope::{Preset, Scope};

/// A verified credential: what its holder may do, and where.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The key behind it; a session carries the key it was exchanged for, the one-time link none.
    pub key: Option<KeyId>,
    pub preset: Preset,
    /// The one tenant it is bound to; `None` reaches all.
    pub tenant: Option<TenantId>,
    pub bounds: Bounds,
}

impl Credential {
    /// The operator's: everything, everywhere, without a key.
    pub fn operator() -> Self {
        Self { key: None, preset: Preset::Admin, tenant: None, bounds: Bounds::default() }
    }

    pub fn allows(&self, scope: Scope) -> bool {
        self.preset.scopes().contains(&scope) && self.bounds.scopes.as_ref().is_none_or(|own| own.contains(&scope))
    }

    /// All it allows.
    pub fn scopes(&self) -> Vec<Scope> {
        Scope::ALL.iter().copied().filter(|scope| self.allows(*scope)).collect()
    }

    /// The scope over this tenant, or `None` when the credential does not reach it. To the caller that is the same as a tenant
    /// that does not exist.
    pub fn scope_over(&self, tenant: &Tenant) -> Option<TenantScope> {
        let reaches = self.tenant.is_none_or(|bound| bound == tenant.id);
        reaches.then(|| TenantScope { id: tenant.id, slug: tenant.slug.clone() })
    }

    /// Whether this credential has every scope that a key of that preset, bound like this, has: nobody hands out more than they hold.
    pub fn may_mint(&self, preset: Preset, bounds: &Bounds) -> bool {
        let wanted = Self { key: None, preset, tenant: self.tenant, bounds: bounds.clone() };
        let in_scope = wanted.scopes().iter().all(|scope| self.allows(*scope));
        // Scopes do not tell the operator from who works for all tenants.
        in_scope && (preset != Preset::Admin || self.preset == Preset::Admin)
    }
}

/// Authority over one tenant's things.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantScope {
    id: TenantId,
    slug: TenantSlug,
}

impl TenantScope {
    /// The scope of a request that came through the ingress, where the route names the tenant and the function is all it reaches.
    pub fn of_route(tenant: &Tenant) -> Self {
        Self { id: tenant.id, slug: tenant.slug.clone() }
    }

    /// The scope of work for no tenant, without a server or by an operator: one local tenant that is in no store.
    pub fn local() -> Self {
        let slug = TenantSlug::parse("local").expect("a constant slug is well formed");
        Self { id: TenantId::from_bytes([0; 16]), slug }
    }

    pub fn id(&self) -> TenantId {
        self.id
    }

    pub fn slug(&self) -> &TenantSlug {
        &self.slug
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(preset: Preset, scopes: Option<&[Scope]>) -> Credential {
        let bounds = Bounds { scopes: scopes.map(|scopes| scopes.iter().copied().collect()), ..Bounds::default() };
        Credential { key: None, preset, tenant: Some(TenantId::generate()), bounds }
    }

    #[test]
    fn nobody_mints_more_than_they_hold() {
        let all = Bounds::default();
        let deployer = bound(Preset::Deployer, None);
        assert!(deployer.may_mint(Preset::Deployer, &all));
        assert!(!deployer.may_mint(Preset::Tenant, &all));
        assert!(!deployer.may_mint(Preset::InvokeOnly, &all));
        let tenant = bound(Preset::Tenant, None);
        assert!(tenant.may_mint(Preset::ReadOnly, &all));
        assert!(!tenant.may_mint(Preset::Admin, &all));
        let platform = Credential { preset: Preset::Platform, ..Credential::operator() };
        assert!(platform.may_mint(Preset::Platform, &all) && !platform.may_mint(Preset::Admin, &all));
        // By scopes, not by names: a preset that is narrowed enough can be handed out, and a narrowed one hands out less.
        let few = bound(Preset::Tenant, Some(&[Scope::KeysWrite, Scope::Invoke, Scope::Deploy]));
        assert!(few.may_mint(Preset::InvokeOnly, &all) && !few.may_mint(Preset::Tenant, &all));
        assert!(few.may_mint(Preset::Tenant, &bound(Preset::Tenant, Some(&[Scope::Deploy])).bounds));
        assert!(!few.may_mint(Preset::Tenant, &bound(Preset::Tenant, Some(&[Scope::RunsRead])).bounds));
        assert!(!few.allows(Scope::RunsRead) && few.allows(Scope::Deploy));
        // A scope that the preset lacks is not had by naming it.
        assert!(!bound(Preset::InvokeOnly, Some(&[Scope::Deploy, Scope::Invoke])).allows(Scope::Deploy));
    }

    #[test]
    fn a_bound_credential_reaches_its_own_tenant_only() {
        let tenant = |slug: &str| Tenant::new(TenantSlug::parse(slug).expect("valid"), jiff::Timestamp::UNIX_EPOCH);
        let (acme, globex) = (tenant("acme"), tenant("globex"));
        let credential = Credential { tenant: Some(acme.id), ..bound(Preset::Tenant, None) };
        assert!(credential.scope_over(&acme).is_some());
        assert!(credential.scope_over(&globex).is_none());
    }
}
