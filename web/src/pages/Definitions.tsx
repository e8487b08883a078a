export function Definitions() { return null; } export function DefinitionPage() { return null; }
