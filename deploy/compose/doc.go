// Package compose owns the docker-compose lab: the image of Picket, a compose file with
// one master, two replicas and three pickets, and the scenes of demo.sh. There is no Go
// here but tests: those of the files run everywhere; those of the lab run on the local
// engine with DEPLOY=1 (make test-deploy), with a Redis image made of this machine's
// redis-server, so that no registry is needed. They import deploy/lab and nothing else of
// Picket, and ask the containers as a user would.
package compose
