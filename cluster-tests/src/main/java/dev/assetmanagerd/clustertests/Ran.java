package dev.assetmanagerd.clustertests;

/**
 * A run of the program that has ended.
 *
 * @param output all that it printed
 */
public record Ran(int exitCode, String output) {}
