//! What the hosts of one store tell each other: that something was written which others may have in memory. A notice carries no
//! content; whoever hears it looks for itself. One that is lost costs the time that what is known is believed.

use crate::ids::{FunctionName, TenantSlug};

/// What was written to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// It is not known what: somebody was not heard for a while, or says something that only a later host knows.
    Everything,
    Tenant(TenantSlug),
    Function(TenantSlug, FunctionName),
    /// Hosts of tenants' own, or the routes on them.
    Routes,
    Keys,
}

impl Notice {
    /// As one line.
    pub fn to_text(&self) -> String {
        match self {
            Self::Everything => "everything".to_owned(),
            Self::Tenant(tenant) => format!("tenant {tenant}"),
            Self::Function(tenant, function) => format!("function {tenant} {function}"),
            Self::Routes => "routes".to_owned(),
            Self::Keys => "keys".to_owned(),
        }
    }

    /// What nobody here understands may be about anything.
    pub fn of_text(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').collect();
        let read = match words.as_slice() {
            ["tenant", tenant] => TenantSlug::parse(tenant).ok().map(Self::Tenant),
            ["function", tenant, function] => TenantSlug::parse(tenant)
                .ok()
                .zip(FunctionName::parse(function).ok())
                .map(|(t, f)| Self::Function(t, f)),
            ["routes"] => Some(Self::Routes),
            ["keys"] => Some(Self::Keys),
            _ => None,
        };
        read.unwrap_or(Self::Everything)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard() {
        let tenant = TenantSlug::parse("acme").expect("valid");
        let function = FunctionName::parse("hello").expect("valid");
        for notice in [
            Notice::Everything,
            Notice::Tenant(tenant.clone()),
            Notice::Function(tenant, function),
            Notice::Routes,
            Notice::Keys,
        ] {
            assert_eq!(Notice::of_text(&notice.to_text()), notice);
        }
        for text in ["", "tenant", "tenant ACME", "function acme", "function acme hello again", "later 7"] {
            assert_eq!(Notice::of_text(text), Notice::Everything, "{text:?}");
        }
    }
}
