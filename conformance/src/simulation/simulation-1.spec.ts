import { playSeeds } from './play-seeds.fixture.ts';

playSeeds(1, 100);
