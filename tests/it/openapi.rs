//! `docs/openapi.json` against the router and the list of problem codes.

use std::collections::BTreeSet;

use postern::http::problem::Code;
use postern::http::{Method, NoRoute, route};
use serde_json::{Map, Value};

const ROUTER: &str = include_str!("../../src/http/route.rs");
const METHODS: [(&str, Method); 6] = [
    ("get", Method::Get),
    ("head", Method::Head),
    ("post", Method::Post),
    ("put", Method::Put),
    ("delete", Method::Delete),
    ("options", Method::Options),
];
/// Literals of the router that are no path of the outside interface: the machine API's common prefix, and what no
/// deployed build has.
const NOT_DOCUMENTED: [&str; 3] = ["/v1/", "/__local/time", "/__local/outbox"];
/// Called by providers, who sign.
const SIGNED: &str = "/v1/receipts/{provider}";

fn document() -> Value {
    serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap()
}

fn paths(document: &Value) -> &Map<String, Value> {
    document["paths"].as_object().unwrap()
}

/// A path that a template stands for.
fn example(template: &str) -> String {
    let parameters = ["{id}", "{token}", "{name}", "{ref}", "{version}", "{touch}", "{provider}", "{file}"];
    parameters.into_iter().fold(template.to_owned(), |path, parameter| path.replace(parameter, "x"))
}

#[test]
fn every_documented_operation_has_a_route_and_no_other_method_does() {
    let document = document();
    for (template, item) in paths(&document) {
        let path = example(template);
        assert!(!path.contains('{'), "{template} has a parameter that this test does not know");
        let mut allowed = Vec::new();
        for (name, method) in METHODS {
            let is_documented = item.get(name).is_some();
            let found = route(method, &path);
            assert_eq!(found.is_ok(), is_documented, "{name} {template}: {found:?}");
            if is_documented {
                allowed.push(name.to_uppercase());
            }
        }
        let refused = route(Method::Other, &path).unwrap_err();
        let NoRoute::Method { allow, machine } = refused else { panic!("{template}: {refused:?}") };
        let said: BTreeSet<&str> = allow.split(", ").collect();
        assert_eq!(said, allowed.iter().map(String::as_str).collect(), "{template}");
        assert_eq!(machine, template.starts_with("/v1/"), "{template}");
    }
}

#[test]
fn every_path_of_the_router_is_documented() {
    let document = document();
    let (code, _) = ROUTER.split_once("#[cfg(test)]").unwrap();
    let literals = code.split('"').skip(1).step_by(2).filter(|literal| literal.starts_with('/'));
    let literals: BTreeSet<&str> = literals.filter(|literal| !NOT_DOCUMENTED.contains(literal)).collect();
    let prefix = |template: &String| template.split('{').next().unwrap_or_default().to_owned();
    let documented: BTreeSet<String> = paths(&document).keys().map(prefix).collect();
    assert_eq!(literals, documented.iter().map(String::as_str).collect());
}

#[test]
fn every_problem_code_is_documented_with_its_status() {
    let document = document();
    let listed: BTreeSet<&str> = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    assert_eq!(listed, Code::ALL.iter().map(|code| code.name()).collect());

    let mut said = BTreeSet::new();
    for item in paths(&document).values() {
        for operation in METHODS.iter().filter_map(|(name, _)| item.get(name)) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                said.extend(codes(response).map(|code| (status.clone(), code)));
            }
        }
    }
    for (name, status) in [("MethodNotAllowed", "405"), ("Misdirected", "421")] {
        let of_all = codes(&document["components"]["responses"][name]);
        said.extend(of_all.map(|code| (status.to_owned(), code)));
    }
    let all = Code::ALL.iter().map(|code| (code.status().to_string(), code.name().to_owned()));
    assert_eq!(said, all.collect());
}

/// The problem codes that a response may carry.
fn codes(response: &Value) -> impl Iterator<Item = String> {
    let parts = &response["content"]["application/problem+json"]["schema"]["allOf"];
    let codes = parts
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part["properties"]["code"]["enum"].as_array());
    codes.flatten().map(|code| code.as_str().unwrap().to_owned())
}

#[test]
fn every_operation_says_who_may_call_it() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (template, item) in paths(&document) {
        for (name, _) in METHODS {
            let Some(operation) = item.get(name) else { continue };
            assert_eq!(
                operation["security"] == serde_json::json!([{ "apiKey": [] }]),
                template.starts_with("/v1/") && template != SIGNED
            );
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name} {template}");
        }
    }
}
