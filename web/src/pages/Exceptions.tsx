export function Exceptions() { return null; } export function ExceptionPage() { return null; }
