// Package jsonpath names one value in a JSON document and never several, like
// $.accuracy or $['per class'][0].recall. A query is what RFC 9535 says, read by
// github.com/theory/jsonpath, which nothing else imports.
//
// Whoever holds one value against one bound needs no others: a wildcard, a
// slice, a filter or a descendant would leave open which of its values, and how
// many, have to fit. They are refused with that reason.
package jsonpath
