package quorum

import "slices"

// Yes returns who voted for the candidate, itself included, ordered by id.
func (b *Ballots) Yes() []ID {
	var list []ID
	for id, yes := range b.voted {
		if yes {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}
