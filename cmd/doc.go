// Package cmd holds the commands of the program, and is the only package that imports all others. A command reads the configuration,
// builds the parts that it needs, and runs them until it has finished or gets a signal. If a command fails, the program prints the error.
package cmd
