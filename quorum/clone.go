package quorum

// Yes returns who voted for the candidate, itself included, ordered by id.
func (b *Ballots) Yes() []ID {
	yes, _ := b.Sides()
	return yes
}
