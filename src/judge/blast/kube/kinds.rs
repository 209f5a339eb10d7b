//! The kinds of Kubernetes and their other names.

/// One word for each kind: what it is called here, and its plural, short and API names in lower case.
const KINDS: &[(&str, &[&str])] = &[
    ("pod", &["po", "pods"]),
    ("deployment", &["deploy", "deployments"]),
    ("statefulset", &["sts", "statefulsets"]),
    ("daemonset", &["ds", "daemonsets"]),
    ("replicaset", &["rs", "replicasets", "rc", "replicationcontroller", "replicationcontrollers"]),
    ("job", &["jobs"]),
    ("cronjob", &["cj", "cronjobs"]),
    ("service", &["svc", "services"]),
    ("endpoint", &["ep", "endpoints"]),
    ("endpointslice", &["endpointslices"]),
    (
        "ingress",
        &[
            "ing",
            "ingresses",
            "ingressclass",
            "ingressclasses",
            "httproute",
            "httproutes",
            "gateway",
            "gateways",
            "virtualservice",
            "virtualservices",
            "vs",
            "destinationrule",
            "destinationrules",
            "dr",
        ],
    ),
    ("networkpolicy", &["netpol", "networkpolicies", "ciliumnetworkpolicy", "cnp", "globalnetworkpolicy"]),
    ("configmap", &["cm", "configmaps"]),
    ("secret", &["secrets", "sealedsecret", "sealedsecrets", "externalsecret", "externalsecrets", "es"]),
    ("serviceaccount", &["sa", "serviceaccounts"]),
    ("role", &["roles"]),
    ("rolebinding", &["rolebindings"]),
    ("clusterrole", &["clusterroles"]),
    ("clusterrolebinding", &["clusterrolebindings"]),
    ("namespace", &["ns", "namespaces", "project", "projects"]),
    ("node", &["no", "nodes", "machine", "machines", "nodepool", "nodeclaim"]),
    ("pv", &["persistentvolume", "persistentvolumes"]),
    ("pvc", &["persistentvolumeclaim", "persistentvolumeclaims"]),
    (
        "volume",
        &[
            "storageclass",
            "storageclasses",
            "sc",
            "volumesnapshot",
            "volumesnapshots",
            "volumeattachment",
            "volumeattachments",
        ],
    ),
    (
        "hpa",
        &[
            "horizontalpodautoscaler",
            "horizontalpodautoscalers",
            "vpa",
            "verticalpodautoscaler",
            "scaledobject",
            "scaledobjects",
        ],
    ),
    ("pdb", &["poddisruptionbudget", "poddisruptionbudgets"]),
    ("crd", &["crds", "customresourcedefinition", "customresourcedefinitions", "apiservice", "apiservices"]),
    (
        "webhook",
        &[
            "validatingwebhookconfiguration",
            "validatingwebhookconfigurations",
            "mutatingwebhookconfiguration",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicy",
            "validatingadmissionpolicies",
            "clusterpolicy",
            "podsecuritypolicy",
            "psp",
        ],
    ),
    ("csr", &["certificatesigningrequest", "certificatesigningrequests"]),
    ("event", &["ev", "events"]),
    ("lease", &["leases"]),
    ("quota", &["resourcequota", "resourcequotas", "limitrange", "limitranges", "limits"]),
    ("priorityclass", &["pc", "priorityclasses"]),
    ("prometheusrule", &["prometheusrules", "promrule", "servicemonitor", "servicemonitors", "podmonitor"]),
    ("rollout", &["rollouts", "ro"]),
    (
        "application",
        &[
            "applications",
            "app",
            "apps",
            "kustomization",
            "kustomizations",
            "helmrelease",
            "helmreleases",
            "hr",
        ],
    ),
    (
        "certificate",
        &["certificates", "cert", "certs", "issuer", "issuers", "clusterissuer", "clusterissuers"],
    ),
    ("all", &[]),
];

/// The kind that a word names, in any case, with or without its API group.
pub(in crate::judge::blast) fn kind_of(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let find = |word: &str| {
        KINDS.iter().find(|(kind, names)| *kind == word || names.contains(&word)).map(|(kind, _)| *kind)
    };
    find(&lower).or_else(|| find(lower.split('.').next().unwrap_or_default()))
}
