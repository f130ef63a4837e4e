// Package jsonpath reads the singular queries of RFC 9535: those that name one
// value and never several, like $.accuracy or $['per class'][0].recall.
//
// Whoever holds one value against one bound needs no others: a wildcard, a
// slice, a filter or a descendant would leave open which of its values, and how
// many, have to fit. They are refused with that reason.
package jsonpath
