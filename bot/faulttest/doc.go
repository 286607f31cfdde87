// Package faulttest breaks the real binary on purpose - kills it, fails its disk,
// floods it, takes the platforms away that it sends to - and judges what is left
// by a history checker: every acknowledged message is there once and in order, the
// state is that of its history, and nothing was sent twice as two things.
//
// [Server] runs signdesk serve, [Visitor] talks with it as the widget does and
// sends again what was not acknowledged, and the Check functions are the judge.
// It knows signdesk by its interfaces only: /openapi.yaml, the callbacks of the
// platforms, environment and exit. The store's address is a setting like others,
// so that the same faults can be put to another engine.
//
// It is for tests. The long form of the tests runs with SIGNDESK_FAULTS=long.
package faulttest
