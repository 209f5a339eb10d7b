//! Functions: those with an effect, those known to have none; any other is somebody's own code.

/// What a function with an effect is judged as.
const EFFECTS: &[(&str, &str)] = &[
    ("pg_terminate_backend", "kill"), ("pg_cancel_backend", "kill"), ("pg_reload_conf", "reload"), ("pg_rotate_logfile", "reload"),
    ("pg_drop_replication_slot", "slot"), ("pg_create_physical_replication_slot", "system"), ("pg_create_logical_replication_slot", "system"), ("pg_replication_slot_advance", "slot"), ("pg_promote", "system"), ("pg_switch_wal", "reload"), ("pg_wal_replay_pause", "replica"), ("pg_wal_replay_resume", "replica"), ("pg_stat_reset", "setting"), ("pg_stat_statements_reset", "setting"), ("pg_backup_start", "system"), ("pg_backup_stop", "system"), ("pg_logical_emit_message", "setting"),
    ("pg_read_file", "file-in"), ("pg_read_binary_file", "file-in"), ("load_file", "file-in"), ("lo_import", "file-secret"), ("lo_export", "file-out"), ("lo_unlink", "drop"), ("pg_file_write", "file-out"), ("pg_ls_dir", "show"),
    ("setval", "sequence"), ("nextval", "sequence-next"), ("set_config", "setting"), ("pg_sleep", "lock"), ("sleep", "lock"), ("benchmark", "lock"), ("get_lock", "lock"), ("pg_advisory_lock", "lock"), ("pg_advisory_xact_lock", "lock"), ("pg_advisory_unlock_all", "setting"), ("pg_advisory_unlock", "setting"), ("pg_notify", "setting"),
    ("dblink", "text:1"), ("dblink_exec", "text:1"), ("query_to_xml", "text:0"), ("query_to_xml_and_xmlschema", "text:0"), ("dblink_send_query", "text:1"), ("crosstab", "text:0"), ("ts_stat", "text:0"), ("xp_cmdshell", "system"), ("sys_exec", "system"), ("sys_eval", "system"), ("url", "network"), ("remote", "network"), ("s3", "network"), ("file", "file-in"),
];
/// Beginnings of names that compute or look.
const HARMLESS_STARTS: &[&str] = &["pg_stat_get", "pg_size", "pg_total", "pg_relation", "pg_table", "pg_database", "pg_index", "pg_get", "pg_is", "pg_current", "pg_last", "pg_wal_lsn", "pg_blocking", "pg_postmaster", "pg_conf", "pg_my", "pg_backend", "pg_walfile", "pg_column", "pg_typeof", "pg_lock", "has_", "json", "jsonb_", "array", "string_", "regexp_", "date", "time", "to_", "from_", "st_", "row_", "percentile", "approx_", "bit_", "char", "str", "format", "year", "month", "day", "hour", "minute", "second", "week", "quantile", "uniq", "count", "sum", "avg", "min", "max", "any", "group", "first", "last", "current_", "is", "if", "inet", "host", "sha", "md5", "crc", "hex", "unhex", "encode", "decode", "generate_", "tuple", "map", "parse", "extract", "substr", "split", "arg", "median", "formatReadable", "age", "txid", "obj_", "col_", "shobj_"];
/// Further names that compute or look.
const HARMLESS: &[&str] = &[
    "now", "coalesce", "nullif", "greatest", "least", "round", "floor", "ceil", "ceiling", "abs", "mod", "power", "sqrt", "log", "ln", "exp", "sign", "trunc", "truncate", "random", "rand", "lower", "upper", "length", "len", "left", "right", "trim", "ltrim", "rtrim", "btrim", "replace", "reverse", "concat", "concat_ws", "position", "strpos", "instr", "lpad", "rpad", "repeat", "initcap", "ascii", "chr", "quote_ident", "quote_literal", "rank", "dense_rank", "ntile", "lag", "lead", "nth_value", "cume_dist", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "mode", "every", "bool_and", "bool_or", "unnest", "cast", "try_cast", "convert", "version", "user", "database", "schema", "connection_id", "found_rows", "row_count", "last_insert_id", "uuid", "gen_random_uuid", "newid", "unix_timestamp", "getdate", "sysdate", "julianday", "typeof", "total", "ifnull", "nvl", "nvl2", "decode", "field", "find_in_set", "elt", "values", "gcd", "lcm", "pi", "degrees", "radians", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "width_bucket", "cardinality", "make_interval", "make_date", "make_timestamp", "justify_interval", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "localtime", "localtimestamp", "overlay", "translate", "starts_with", "levenshtein", "similarity", "toDate", "todate", "todatetime", "tostring", "touint64", "bar", "range", "numbers", "cluster", "xmlagg", "grouping", "listagg", "iff", "safe_divide", "struct", "explode", "flatten", "object_construct", "sequence", "lastval", "currval", "nvarchar", "isnull", "datediff", "dateadd",
];

/// What a call of a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Harmless,
    /// Judged as this kind of statement.
    Effect(&'static str),
    /// Somebody's own.
    Own,
}

/// What a function of this name does.
pub(super) fn sort(name: &str) -> Sort {
    let lower = name.to_lowercase();
    let last = lower.rsplit('.').next().unwrap_or_default().trim_matches(['"', '`']);
    if let Some((_, kind)) = EFFECTS.iter().find(|(known, _)| *known == last) {
        return Sort::Effect(kind);
    }
    let harmless = HARMLESS.contains(&last) || HARMLESS_STARTS.iter().any(|start| last.starts_with(start));
    if harmless { Sort::Harmless } else { Sort::Own }
}
