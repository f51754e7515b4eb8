// Package integration tests package kafka against real Apache Kafka. See README.md for how to run it.
package integration

import _ "embed"

// Pom is the Maven file that names the version of Kafka and what it needs.
//
//go:embed pom.xml
var Pom []byte
