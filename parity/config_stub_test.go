package parity
func makeOurs(c configCase) (string, func()) { return makePeers(c) }
