package cli

// runLab plays the demonstration.
func runLab(p Program, words []string) int { return exitUsage }
