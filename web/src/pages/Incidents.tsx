export function Incidents() { return null; } export function IncidentPage() { return null; }
